// SPDX-License-Identifier: Apache-2.0
#include "os/poller.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace vm::os {

namespace {

// What is watched at a number of a descriptor; never freed while the poller lives, so that events need no lock but its own.
struct Watch {
  std::atomic<bool> held{false};
  bool registered = false;
  bool always_ready = false;  // epoll does not take it
  Poller::Mode mode = Poller::Mode::Level;
  unsigned events = 0;  // asked for
  unsigned armed = 0;   // Level: what epoll knows; more than asked for while nobody was disturbed by it
  unsigned calls = 0;   // that run now
  std::thread::id caller;
  std::shared_ptr<Poller::Callback> callback;
};

class Hold {
 public:
  explicit Hold(Watch& w) : watch_(w) {
    while (watch_.held.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  }
  ~Hold() { watch_.held.store(false, std::memory_order_release); }
  Hold(const Hold&) = delete;

 private:
  Watch& watch_;
};

constexpr std::size_t kPage = 1024, kPages = 4096;
constexpr int kEvents = 64;

}  // namespace

struct Poller::Impl {
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::array<std::atomic<Watch*>, kPages> pages{};  // of kPage watches each
  std::mutex lock;                                  // of what follows
  std::vector<int> files;                           // always ready
  std::atomic<std::size_t> file_count{0};
  std::atomic<std::size_t> watched{0}, busy{0}, page_count{0};
  std::atomic<bool> stop{false};
  std::thread thread;
  // Of who polls: what wait found and dispatch has not called yet.
  epoll_event found[kEvents];
  int found_count = 0;
  bool exact_waits = true;  // the system knows epoll_pwait2

  ~Impl() {
    for (auto& page : pages) delete[] page.load();
  }

  Watch* find(int fd) const {
    const auto n = static_cast<std::size_t>(fd);
    Watch* page = n / kPage < kPages ? pages[n / kPage].load(std::memory_order_acquire) : nullptr;
    return page ? page + n % kPage : nullptr;
  }
  Watch& at(int fd) {
    if (Watch* w = find(fd)) return *w;
    const auto n = static_cast<std::size_t>(fd);
    VM_CHECK(n / kPage < kPages);
    const std::lock_guard<std::mutex> guard(lock);
    if (!find(fd)) {
      pages[n / kPage].store(new Watch[kPage], std::memory_order_release);
      page_count++;
    }
    return *find(fd);
  }

  void wake() {
    std::uint64_t one = 1;
    if (write(wake_fd, &one, sizeof one) < 0) return;  // full counter: it is awake already
  }
  static std::uint32_t mask(unsigned events) { return (events & kRead ? EPOLLIN | EPOLLRDHUP : 0u) | (events & kWrite ? EPOLLOUT : 0u); }
  bool control(int op, int fd, unsigned events, Mode mode = Mode::Level) {
    epoll_event e{};
    e.events = mask(events) | (mode == Mode::Once ? unsigned{EPOLLONESHOT} : 0u);
    e.data.fd = fd;
    return epoll_ctl(epoll_fd, op, fd, &e) == 0;
  }

  // Of a held watch at Level. epoll tells of hang-ups and errors whatever one asks for: a silent descriptor leaves it, or a dead peer keeps the
  // thread busy.
  void arm(int fd, Watch& w, unsigned events) {
    if (w.armed == events || w.always_ready) return;
    control(events == 0 ? EPOLL_CTL_DEL : w.armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, events);
    w.armed = events;
  }

  void call(int fd, unsigned events) {
    Watch* w = find(fd);
    if (!w) return;
    std::shared_ptr<Callback> callback;
    {
      const Hold hold(*w);
      if (!w->registered) return;
      if (!(w->events & events)) {
        if (w->mode == Poller::Mode::Level) arm(fd, *w, w->events);
        return;
      }
      if (w->mode == Mode::Once) {  // as it is in epoll
        w->events = 0;
        if (w->always_ready) list_file(fd, false);
      }
      callback = w->callback;
      w->calls++;
      w->caller = std::this_thread::get_id();
    }
    busy.fetch_add(1, std::memory_order_relaxed);
    (*callback)(events);
    busy.fetch_sub(1, std::memory_order_relaxed);
    const Hold hold(*w);
    w->calls--;
  }

  void wait(std::int64_t ns) {
    if (found_count > 0) return;
    if (file_count.load(std::memory_order_relaxed) > 0) ns = 0;
    constexpr std::int64_t kSecond = 1'000'000'000, kMs = 1'000'000, kLongest = 1'000'000 * kSecond;
    int n = -1;
    if (ns > 0 && ns < kLongest && exact_waits) {
      const timespec t{static_cast<time_t>(ns / kSecond), static_cast<long>(ns % kSecond)};
      n = epoll_pwait2(epoll_fd, found, kEvents, &t, nullptr);
      if (n < 0 && errno != EINTR) exact_waits = false;
    }
    if (n < 0)
      n = epoll_wait(epoll_fd, found, kEvents, ns < 0 ? -1 : static_cast<int>(std::min<std::int64_t>((ns + kMs - 1) / kMs, 1'000'000)));
    found_count = n > 0 ? n : 0;
  }

  void dispatch() {
    const int n = found_count;
    for (int i = 0; i < n; i++) {
      const int fd = found[i].data.fd;
      if (fd == wake_fd) {
        std::uint64_t drained;
        while (read(wake_fd, &drained, sizeof drained) > 0) {
        }
        continue;
      }
      const std::uint32_t got = found[i].events;
      unsigned what = 0;
      if (got & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) what |= kRead;
      if (got & (EPOLLOUT | EPOLLHUP | EPOLLERR)) what |= kWrite;
      if (got & EPOLLERR) what |= kError;
      call(fd, what);
    }
    found_count = 0;
    if (file_count.load(std::memory_order_relaxed) == 0) return;
    std::vector<int> ready;
    {
      const std::lock_guard<std::mutex> guard(lock);
      ready = files;
    }
    for (int fd : ready) call(fd, kRead | kWrite);
  }

  // Whether epoll doesn't take it and it is watched for something: `files` holds those.
  void list_file(int fd, bool on) {
    const std::lock_guard<std::mutex> guard(lock);
    files.erase(std::remove(files.begin(), files.end(), fd), files.end());
    if (on) files.push_back(fd);
    file_count.store(files.size(), std::memory_order_relaxed);
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
  if (impl_->thread.joinable()) return;
  impl_->thread = std::thread([this] {
    while (!impl_->stop.load(std::memory_order_acquire)) {
      impl_->wait(-1);
      impl_->dispatch();
    }
  });
}

void Poller::wait(std::int64_t nanoseconds) { impl_->wait(nanoseconds); }

void Poller::dispatch() {
  impl_->wait(0);
  impl_->dispatch();
}

void Poller::interrupt() { impl_->wake(); }

void Poller::add(int fd, unsigned events, Callback callback, Mode mode) {
  auto shared = std::make_shared<Callback>(std::move(callback));
  Watch& w = impl_->at(fd);
  const Hold hold(w);
  if (!w.registered) impl_->watched.fetch_add(1, std::memory_order_relaxed);
  w.registered = true;
  w.mode = mode;
  w.events = events;
  w.callback = std::move(shared);
  w.always_ready = !impl_->control(EPOLL_CTL_ADD, fd, events, mode);
  w.armed = events;
  if (w.always_ready) {
    impl_->list_file(fd, events != 0);
    impl_->wake();
  } else if (events == 0 && mode == Mode::Level) {
    impl_->control(EPOLL_CTL_DEL, fd, 0);  // asked only whether it can
  }
}

void Poller::change(int fd, unsigned events) {
  Watch* w = impl_->find(fd);
  if (!w) return;
  const Hold hold(*w);
  if (!w->registered || w->events == events) return;
  w->events = events;
  if (w->always_ready) {
    impl_->list_file(fd, events != 0);
    impl_->wake();
    return;
  }
  if (w->mode == Mode::Once) {
    // Silent: what epoll still knows comes once at most, and call() finds that nobody asks.
    if (events != 0) impl_->control(EPOLL_CTL_MOD, fd, events, Mode::Once);
    return;
  }
  // Who reads packet by packet asks again soon: epoll hears of it only when something came meanwhile.
  if (events == 0 && w->armed == kRead) return;
  impl_->arm(fd, *w, events);
}

void Poller::forget(int fd) {
  Watch* w = impl_->find(fd);
  if (!w) return;
  std::shared_ptr<Callback> old;  // dies without the hold
  const Hold hold(*w);
  if (!w->registered) return;
  if (w->always_ready) impl_->list_file(fd, false);
  else if (w->armed != 0 || w->mode == Mode::Once) impl_->control(EPOLL_CTL_DEL, fd, 0);
  w->registered = false;
  w->events = 0;
  old = std::move(w->callback);
  impl_->watched.fetch_sub(1, std::memory_order_relaxed);
}

void Poller::remove(int fd) {
  forget(fd);
  Watch* w = impl_->find(fd);
  for (int tries = 0; w; tries++) {
    {
      const Hold hold(*w);
      if (w->calls == 0 || w->caller == std::this_thread::get_id()) return;
    }
    if (tries < 100) std::this_thread::yield();
    else std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

Poller::Figures Poller::figures() const {
  return {impl_->watched.load() + 1, impl_->busy.load(),
          sizeof(Impl) + impl_->page_count.load() * kPage * sizeof(Watch) + impl_->watched.load() * sizeof(Callback)};
}

}  // namespace vm::os
