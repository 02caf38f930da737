// SPDX-License-Identifier: Apache-2.0
// A linked-in driver for driver_t.erl. A command is a letter and its operand; control and call answer at once.
#include <erl_driver.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  ErlDrvPort port;
  ErlDrvMonitor monitor;
  int pipe[2];
} State;

static void say(State* s, const char* what, long number) {
  ErlDrvTermData port = driver_mk_port(s->port);
  ErlDrvTermData spec[] = {ERL_DRV_PORT, port, ERL_DRV_ATOM, driver_mk_atom((char*)what), ERL_DRV_INT, (ErlDrvTermData)number, ERL_DRV_TUPLE, 3};
  erl_drv_output_term(port, spec, sizeof spec / sizeof *spec);
}

static ErlDrvData start(ErlDrvPort port, char* command) {
  if (strstr(command, "refuse")) return ERL_DRV_ERROR_BADARG;
  State* s = driver_alloc(sizeof(State));
  memset(s, 0, sizeof *s);
  s->port = port;
  s->pipe[0] = s->pipe[1] = -1;
  set_port_control_flags(port, PORT_CONTROL_FLAG_BINARY);
  return (ErlDrvData)s;
}

static void stop_select(ErlDrvEvent event, void* reserved) {
  (void)reserved;
  close((int)(long)event);
}

static void stop(ErlDrvData data) {
  State* s = (State*)data;
  if (s->pipe[0] >= 0) {
    driver_select(s->port, (ErlDrvEvent)(long)s->pipe[0], ERL_DRV_READ | ERL_DRV_USE, 0);
    close(s->pipe[1]);
  }
  driver_free(s);
}

static void work(void* number) { *(long*)number *= 2; }

static void everything(State* s) {
  static double real = 1.5;
  static ErlDrvSInt64 low = -9007199254740993LL;
  static ErlDrvUInt64 high = 18446744073709551615ULL;
  static unsigned char external[] = {131, 104, 2, 97, 1, 106};
  ErlDrvBinary* binary = driver_alloc_binary(100);
  memset(binary->orig_bytes, 'b', 100);
  ErlDrvTermData spec[] = {
      ERL_DRV_PORT, driver_mk_port(s->port), ERL_DRV_PID, driver_caller(s->port), ERL_DRV_NIL, ERL_DRV_ATOM, driver_mk_atom("an atom"),
      ERL_DRV_INT, (ErlDrvTermData)-1, ERL_DRV_UINT, (ErlDrvTermData)-1, ERL_DRV_INT64, (ErlDrvTermData)&low, ERL_DRV_UINT64, (ErlDrvTermData)&high,
      ERL_DRV_FLOAT, (ErlDrvTermData)&real, ERL_DRV_BINARY, (ErlDrvTermData)binary, 70, 20, ERL_DRV_BUF2BINARY, (ErlDrvTermData)"buf", 3,
      ERL_DRV_STRING, (ErlDrvTermData)"text", 4, ERL_DRV_NIL, ERL_DRV_STRING_CONS, (ErlDrvTermData)"cons", 4, ERL_DRV_EXT2TERM, (ErlDrvTermData)external, sizeof external,
      ERL_DRV_ATOM, driver_mk_atom("k"), ERL_DRV_INT, 1, ERL_DRV_MAP, 1,
      ERL_DRV_INT, 1, ERL_DRV_INT, 2, ERL_DRV_NIL, ERL_DRV_LIST, 3, ERL_DRV_TUPLE, 16};
  erl_drv_output_term(driver_mk_port(s->port), spec, sizeof spec / sizeof *spec);
  driver_free_binary(binary);
}

static void outputv(ErlDrvData data, ErlIOVec* ev) {
  State* s = (State*)data;
  char bytes[256];
  ErlDrvSizeT n = driver_vec_to_buf(ev, bytes, sizeof bytes);
  switch (n ? bytes[0] : 0) {
    case 'e': driver_output(s->port, bytes + 1, n - 1); break;
    case 'h': driver_output2(s->port, "HD", 2, bytes + 1, n - 1); break;
    case 'v': driver_outputv(s->port, "V", 1, ev, 1); break;
    case 't': everything(s); break;
    case 'T': driver_set_timer(s->port, 20); break;
    case 'q': driver_enqv(s->port, ev, 1); break;
    case 'p': driver_pushq(s->port, bytes + 1, n - 1); break;
    case 'd': driver_deq(s->port, (ErlDrvSizeT)bytes[1]); break;
    case 'f': {
      ErlIOVec all;
      driver_peekqv(s->port, &all);
      driver_outputv(s->port, NULL, 0, &all, 0);
      break;
    }
    case 'a': {
      long* number = driver_alloc(sizeof(long));
      *number = 21;
      driver_async(s->port, NULL, work, number, driver_free);
      break;
    }
    case 'm': say(s, "monitor", driver_monitor_process(s->port, driver_caller(s->port), &s->monitor)); break;
    case 'i':
      if (pipe(s->pipe) == 0) driver_select(s->port, (ErlDrvEvent)(long)s->pipe[0], ERL_DRV_READ | ERL_DRV_USE, 1);
      if (write(s->pipe[1], "piped", 5) != 5) driver_failure_posix(s->port, 5);
      break;
    case 'j': {  // an event that is taken back before it comes
      char bytes[8];
      driver_select(s->port, (ErlDrvEvent)(long)s->pipe[0], ERL_DRV_READ, 1);
      fcntl(s->pipe[0], F_SETFL, O_NONBLOCK);
      if (write(s->pipe[1], "stale", 5) != 5) driver_failure_posix(s->port, 5);
      usleep(30000);
      driver_select(s->port, (ErlDrvEvent)(long)s->pipe[0], ERL_DRV_READ, 0);
      say(s, "read", read(s->pipe[0], bytes, sizeof bytes));
      driver_select(s->port, (ErlDrvEvent)(long)s->pipe[0], ERL_DRV_READ, 1);
      break;
    }
    case 'J':  // gives its pipe away
      driver_select(s->port, (ErlDrvEvent)(long)s->pipe[0], ERL_DRV_READ, 0);
      say(s, "reads", s->pipe[0]);
      say(s, "writes", s->pipe[1]);
      s->pipe[0] = s->pipe[1] = -1;
      break;
    case 'K':
      s->pipe[0] = bytes[1];
      s->pipe[1] = bytes[2];
      driver_select(s->port, (ErlDrvEvent)(long)s->pipe[0], ERL_DRV_READ | ERL_DRV_USE, 1);
      break;
    case 'W':
      if (write(s->pipe[1], "given", 5) != 5) driver_failure_posix(s->port, 5);
      break;
    case 'c': say(s, "consume", erl_drv_consume_timeslice(s->port, bytes[1])); break;
    case '1': driver_failure(s->port, 0); break;
    case '2': driver_failure(s->port, 2); break;
    case 'b': set_busy_port(s->port, 1); driver_set_timer(s->port, 20); break;
    case 'x': driver_failure_atom(s->port, "gone"); break;
    case 'X': driver_failure_posix(s->port, 13); break;
    case '0': driver_exit(s->port, 0); break;
    case 'z': driver_failure_eof(s->port); break;
    default: say(s, "what", (long)n);
  }
}

static void ready_input(ErlDrvData data, ErlDrvEvent event) {
  State* s = (State*)data;
  char bytes[16];
  ssize_t n = read((int)(long)event, bytes, sizeof bytes);
  if (n < 0) say(s, "nothing", 0);
  else driver_output(s->port, bytes, (ErlDrvSizeT)n);
}

static void timeout(ErlDrvData data) {
  State* s = (State*)data;
  unsigned long left = 7;
  driver_read_timer(s->port, &left);
  set_busy_port(s->port, 0);
  say(s, "timeout", (long)left);
}

static void ready_async(ErlDrvData data, ErlDrvThreadData number) {
  say((State*)data, "async", *(long*)number);
  driver_free(number);
}

static void process_exit(ErlDrvData data, ErlDrvMonitor* monitor) {
  State* s = (State*)data;
  say(s, "exit", driver_compare_monitors(monitor, &s->monitor));
}

static void flush(ErlDrvData data) {
  State* s = (State*)data;
  driver_deq(s->port, driver_sizeq(s->port));
}

static ErlDrvSSizeT control(ErlDrvData data, unsigned command, char* bytes, ErlDrvSizeT n, char** answer, ErlDrvSizeT room) {
  (void)data;
  if (command == 9) return -1;
  if (command == 3) {
    *answer = NULL;
    return 0;
  }
  if (command == 1) set_port_control_flags(((State*)data)->port, 0);
  if (n > room) {
    ErlDrvBinary* binary = driver_alloc_binary(n);
    memcpy(binary->orig_bytes, bytes, n);
    *answer = (char*)binary;
  } else {
    memcpy(*answer, bytes, n);
  }
  return (ErlDrvSSizeT)n;
}

static ErlDrvSSizeT call(ErlDrvData data, unsigned command, char* bytes, ErlDrvSizeT n, char** answer, ErlDrvSizeT room, unsigned* flags) {
  (void)data;
  (void)flags;
  if (command == 9) return -1;
  if (n > room) *answer = driver_alloc(n);
  memcpy(*answer, bytes, n);
  return (ErlDrvSSizeT)n;
}

static ErlDrvEntry entry = {
    .start = start,
    .stop = stop,
    .ready_input = ready_input,
    .driver_name = "driver_t",
    .control = control,
    .timeout = timeout,
    .outputv = outputv,
    .ready_async = ready_async,
    .flush = flush,
    .call = call,
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
    .driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING,
    .process_exit = process_exit,
    .stop_select = stop_select,
};

// A driver that keeps nothing for a port.
static ErlDrvSSizeT plain_control(ErlDrvData data, unsigned command, char* bytes, ErlDrvSizeT n, char** answer, ErlDrvSizeT room) {
  (void)command, (void)room;
  **answer = data ? 'd' : bytes[n - 1];
  return 1;
}

static ErlDrvEntry plain = {
    .driver_name = "driver_plain",
    .control = plain_control,
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
};

// A driver that takes its time to flush.
static ErlDrvData slow_start(ErlDrvPort port, char* command) {
  (void)command;
  return (ErlDrvData)port;
}
static void slow_output(ErlDrvData data, char* bytes, ErlDrvSizeT n) { driver_enq((ErlDrvPort)data, bytes, n); }
static void slow_flush(ErlDrvData data) { driver_set_timer((ErlDrvPort)data, 5); }
static void slow_timeout(ErlDrvData data) { driver_deq((ErlDrvPort)data, driver_sizeq((ErlDrvPort)data)); }

static ErlDrvEntry slow = {
    .start = slow_start,
    .output = slow_output,
    .flush = slow_flush,
    .timeout = slow_timeout,
    .driver_name = "driver_slow",
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
};

// A driver that says later whether its port is open: the last letter of its command. Control reads and sets the limits of its message queue.
typedef struct {
  ErlDrvPort port;
  char what;
} Late;

static ErlDrvData late_start(ErlDrvPort port, char* command) {
  Late* s = driver_alloc(sizeof(Late));
  s->port = port;
  s->what = command[strlen(command) - 1];
  driver_set_timer(port, 30);
  return (ErlDrvData)s;
}

static void late_stop(ErlDrvData data) {
  (void)data;
}

static void late_timeout(ErlDrvData data) {
  Late* s = (Late*)data;
  switch (s->what) {
    case 'g': errno = 5; erl_drv_init_ack(s->port, ERL_DRV_ERROR_GENERAL); break;
    case 'b': erl_drv_init_ack(s->port, ERL_DRV_ERROR_BADARG); break;
    case 'e': errno = 13; erl_drv_init_ack(s->port, ERL_DRV_ERROR_ERRNO); break;
    case 'f': driver_failure_atom(s->port, "failed"); break;
    default: erl_drv_init_ack(s->port, data);
  }
}

static ErlDrvSSizeT late_control(ErlDrvData data, unsigned command, char* bytes, ErlDrvSizeT n, char** answer, ErlDrvSizeT room) {
  ErlDrvSizeT limits[2];
  (void)command, (void)n;
  memcpy(limits, bytes, sizeof limits);
  erl_drv_busy_msgq_limits(((Late*)data)->port, &limits[0], &limits[1]);
  memcpy(*answer, limits, sizeof limits);
  return sizeof limits;
}

static ErlDrvEntry late = {
    .start = late_start,
    .stop = late_stop,
    .timeout = late_timeout,
    .control = late_control,
    .driver_name = "driver_late",
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
    .driver_flags = ERL_DRV_FLAG_USE_INIT_ACK,
};

// A driver at work: control waits inside the driver until a file is there, commands are four bytes that go back as a number.
static ErlDrvSSizeT work_control(ErlDrvData data, unsigned command, char* bytes, ErlDrvSizeT n, char** answer, ErlDrvSizeT room) {
  char path[1024], inside[1040];
  (void)room;
  if (command == 'w') {
    memcpy(path, bytes, n);
    path[n] = 0;
    memcpy(inside, path, n);
    strcpy(inside + n, ".in");
    close(open(inside, O_CREAT | O_WRONLY, 0600));
    for (int i = 0; i < 10000 && access(path, F_OK) != 0; i++) usleep(1000);
  } else if (command == 'b') {  // busy for a while
    set_busy_port((ErlDrvPort)data, 1);
    driver_set_timer((ErlDrvPort)data, 5);
  }
  **answer = 'k';
  return 1;
}
static void work_output(ErlDrvData data, char* bytes, ErlDrvSizeT n) {
  State s = {.port = (ErlDrvPort)data};
  unsigned char* b = (unsigned char*)bytes;
  say(&s, "got", n == 4 ? (long)((unsigned)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]) : -1);
}
static void work_timeout(ErlDrvData data) { set_busy_port((ErlDrvPort)data, 0); }

static ErlDrvEntry working = {
    .start = slow_start,
    .output = work_output,
    .control = work_control,
    .timeout = work_timeout,
#if defined(SHARED)
    .driver_name = "driver_shared",
    .driver_flags = 0,
#else
    .driver_name = "driver_work",
    .driver_flags = ERL_DRV_FLAG_USE_PORT_LOCKING | ERL_DRV_FLAG_SOFT_BUSY,
#endif
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
};

#if defined(SHARED)
DRIVER_INIT(driver_shared) { return &working; }
#elif defined(WORK)
DRIVER_INIT(driver_work) { return &working; }
#elif defined(PLAIN)
DRIVER_INIT(driver_plain) { return &plain; }
#elif defined(LATE)
DRIVER_INIT(driver_late) { return &late; }
#elif defined(SLOW)
DRIVER_INIT(driver_slow) { return &slow; }
#else
DRIVER_INIT(driver_t) { return &entry; }
#endif
