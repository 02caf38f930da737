// SPDX-License-Identifier: Apache-2.0
//
// Poller: one thread that waits for file descriptors and ended children, and calls back. Descriptors that epoll refuses (regular
// files) are always ready: the thread serves them in turn.
//
// Callbacks run on the poller's thread without any lock of it held. `remove` answers only when no callback for that descriptor runs any
// more, unless it is called from that callback itself. Any thread may add and remove.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace vm::os {

class Poller {
 public:
  enum Event : unsigned { kRead = 1, kWrite = 2 };
  enum class Mode { Level, Once };
  using Callback = std::function<void(unsigned events)>;

  Poller();
  ~Poller();
  void start();
  // Watches fd for the events; the callback is called again and again while they hold. One registration for each fd. Once: the events are
  // forgotten before the callback is called, until change() asks for some again; it may come once for events that aren't asked for any more.
  void add(int fd, unsigned events, Callback callback, Mode mode = Mode::Level);
  void change(int fd, unsigned events);  // 0: registered but silent
  void remove(int fd);
  // As remove, without waiting: for owners whose callback finds out by itself, under the lock they hold here, that it came too late.
  void forget(int fd);

  struct Figures {
    std::size_t watched;  // descriptors, its own included
    std::size_t busy;     // of which a callback runs
    std::size_t bytes;
  };
  Figures figures() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vm::os
