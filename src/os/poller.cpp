// SPDX-License-Identifier: Apache-2.0
#include "os/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vm::os {

struct Poller::Impl {
  struct Watch {
    unsigned events;
    std::shared_ptr<Callback> callback;
    bool always_ready;  // epoll does not take it
    Mode mode;
  };
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::mutex lock;
  std::condition_variable idle;  // a callback ended
  std::unordered_map<int, Watch> watches;
  std::set<int> files;  // those that are always ready
  int busy_fd = -1;     // whose callback runs now
  std::atomic<bool> stop{false};
  std::thread thread;

  void wake() {
    std::uint64_t one = 1;
    if (write(wake_fd, &one, sizeof one) < 0) return;  // full counter: it is awake already
  }
  static std::uint32_t mask(unsigned events) { return (events & kRead ? EPOLLIN | EPOLLRDHUP : 0u) | (events & kWrite ? EPOLLOUT : 0u); }
  void control(int op, int fd, unsigned events, Mode mode = Mode::Level) {
    epoll_event e{};
    e.events = mask(events) | (mode == Mode::Once ? unsigned{EPOLLONESHOT} : 0u);
    e.data.fd = fd;
    epoll_ctl(epoll_fd, op, fd, &e);
  }
  void call(int fd, unsigned events) {
    std::shared_ptr<Callback> callback;
    {
      std::lock_guard<std::mutex> hold(lock);
      auto it = watches.find(fd);
      if (it == watches.end() || !(it->second.events & events)) return;
      if (it->second.mode == Mode::Once) it->second.events = 0;  // as it is in epoll
      callback = it->second.callback;
      busy_fd = fd;
    }
    (*callback)(events);
    std::lock_guard<std::mutex> hold(lock);
    busy_fd = -1;
    idle.notify_all();
  }
  std::vector<std::pair<int, unsigned>> ready_files() {
    std::lock_guard<std::mutex> hold(lock);
    std::vector<std::pair<int, unsigned>> ready;
    for (int fd : files)
      if (unsigned events = watches[fd].events) ready.push_back({fd, events});
    return ready;
  }
  void run() {
    while (!stop.load(std::memory_order_acquire)) {
      auto always = ready_files();
      epoll_event events[64];
      int n = epoll_wait(epoll_fd, events, 64, always.empty() ? -1 : 0);
      for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;
        if (fd == wake_fd) {
          std::uint64_t drained;
          while (read(wake_fd, &drained, sizeof drained) > 0) {
          }
          continue;
        }
        std::uint32_t got = events[i].events;
        unsigned what = 0;
        if (got & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) what |= kRead;
        if (got & (EPOLLOUT | EPOLLHUP | EPOLLERR)) what |= kWrite;
        call(fd, what);
      }
      for (auto [fd, what] : always) call(fd, what);
    }
  }
};

Poller::Poller() : impl_(std::make_unique<Impl>()) { impl_->control(EPOLL_CTL_ADD, impl_->wake_fd, kRead); }

Poller::~Poller() {
  impl_->stop.store(true, std::memory_order_release);
  impl_->wake();
  if (impl_->thread.joinable()) impl_->thread.join();
  close(impl_->epoll_fd);
  close(impl_->wake_fd);
}

void Poller::start() {
  if (!impl_->thread.joinable()) impl_->thread = std::thread([this] { impl_->run(); });
}

void Poller::add(int fd, unsigned events, Callback callback, Mode mode) {
  std::lock_guard<std::mutex> hold(impl_->lock);
  epoll_event e{};
  e.events = Impl::mask(events) | (mode == Mode::Once ? unsigned{EPOLLONESHOT} : 0u);
  e.data.fd = fd;
  bool refused = epoll_ctl(impl_->epoll_fd, EPOLL_CTL_ADD, fd, &e) != 0;
  if (!refused && events == 0 && mode == Mode::Level) impl_->control(EPOLL_CTL_DEL, fd, 0);  // asked only whether it can
  impl_->watches[fd] = {events, std::make_shared<Callback>(std::move(callback)), refused, mode};
  if (!refused) return;
  impl_->files.insert(fd);
  impl_->wake();
}

void Poller::change(int fd, unsigned events) {
  std::lock_guard<std::mutex> hold(impl_->lock);
  auto it = impl_->watches.find(fd);
  if (it == impl_->watches.end() || it->second.events == events) return;
  Impl::Watch& w = it->second;
  const unsigned former = std::exchange(w.events, events);
  if (w.always_ready) return impl_->wake();
  if (w.mode == Mode::Once) {
    // Silent: what epoll still knows comes once at most, and call() finds that nobody asks.
    if (events != 0) impl_->control(EPOLL_CTL_MOD, fd, events, Mode::Once);
    return;
  }
  // epoll tells of hang-ups and errors whatever one asks for: a silent descriptor must leave it, or a dead peer keeps the thread busy.
  impl_->control(events == 0 ? EPOLL_CTL_DEL : former == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, events);
}

void Poller::forget(int fd) {
  std::lock_guard<std::mutex> hold(impl_->lock);
  auto it = impl_->watches.find(fd);
  if (it == impl_->watches.end()) return;
  if (it->second.always_ready) impl_->files.erase(fd);
  else impl_->control(EPOLL_CTL_DEL, fd, 0);
  impl_->watches.erase(it);
}

void Poller::remove(int fd) {
  forget(fd);
  std::unique_lock<std::mutex> hold(impl_->lock);
  if (std::this_thread::get_id() == impl_->thread.get_id()) return;
  impl_->idle.wait(hold, [&] { return impl_->busy_fd != fd; });
}

Poller::Figures Poller::figures() const {
  std::lock_guard<std::mutex> hold(impl_->lock);
  return {impl_->watches.size() + 1, impl_->busy_fd >= 0 ? std::size_t{1} : std::size_t{0},
          sizeof(Impl) + impl_->watches.size() * (sizeof(Impl::Watch) + sizeof(Callback))};
}

}  // namespace vm::os
