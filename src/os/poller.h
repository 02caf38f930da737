// SPDX-License-Identifier: Apache-2.0
//
// Poller: waits for file descriptors and ended children, and calls back. Either it has a thread of its own (start), or others take turns at
// wait and dispatch, one at a time. Descriptors that epoll refuses (regular files) are always ready: they are served in turn.
//
// Callbacks run on the thread that dispatches without any lock of the poller held. `remove` answers only when no callback for that descriptor runs any
// more, unless it is called from that callback itself. Any thread may add and remove. What is watched lies in an array by descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace vm::os {

class Poller {
 public:
  enum Event : unsigned { kRead = 1, kWrite = 2, kError = 4 };  // an error is also readable and writable
  enum class Mode { Level, Once };
  using Callback = std::function<void(unsigned events)>;

  Poller();
  ~Poller();
  void start();
  // Waits until something is to be called, for so long at most (negative: without end), or until interrupt. Calls nothing.
  void wait(std::int64_t nanoseconds);
  // Calls what wait found, or what is to be called now.
  void dispatch();
  // Ends the wait that is under way, or the next one. Any thread.
  void interrupt();
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
