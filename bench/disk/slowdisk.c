// slowdisk MICROSECONDS COMMAND...: runs a command; it, and all that it starts, wait so much longer in every fsync and
// fdatasync. By seccomp's user notification, so that it meets every program alike: those that call the kernel without
// the C library (Go's) too. Calls wait side by side, as on a disk with latency and no limit of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Waiting calls: one a thread at most, and no contender has as many threads.
#define WAITING_MAX 65536

static struct { uint64_t id; struct timespec until; } waiting[WAITING_MAX];
static unsigned head, tail;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static int listener;
static long delay_ns;

static void die(const char *what) { perror(what); exit(70); }

static int install_filter(void) {
  struct sock_filter rules[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fsync, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fdatasync, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { .len = sizeof rules / sizeof *rules, .filter = rules };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("no_new_privs");
  int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (fd < 0) die("seccomp");
  return fd;
}

static void send_fd(int to, int fd) {
  char byte = 0, space[CMSG_SPACE(sizeof fd)] = { 0 };
  struct iovec part = { &byte, 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  if (sendmsg(to, &message, 0) < 0) die("sendmsg");
}

static int receive_fd(int from) {
  char byte, space[CMSG_SPACE(sizeof(int))];
  struct iovec part = { &byte, 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  if (recvmsg(from, &message, 0) <= 0) exit(70);
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}

// The delay is the same for all, so who came first goes first.
static void *release(void *unused) {
  (void)unused;
  for (;;) {
    pthread_mutex_lock(&lock);
    while (head == tail) pthread_cond_wait(&arrived, &lock);
    struct timespec until = waiting[head % WAITING_MAX].until;
    uint64_t id = waiting[head % WAITING_MAX].id;
    head++;
    pthread_mutex_unlock(&lock);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
    struct seccomp_notif_resp answer = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
    // ENOENT: the caller died meanwhile
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0 && errno != ENOENT) die("release");
  }
  return NULL;
}

static void *take(void *unused) {
  (void)unused;
  for (;;) {
    struct seccomp_notif call = { 0 };
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
      if (errno == EINTR || errno == ENOENT) continue;
      return NULL;
    }
    pthread_mutex_lock(&lock);
    struct timespec *until = &waiting[tail % WAITING_MAX].until;
    waiting[tail % WAITING_MAX].id = call.id;
    clock_gettime(CLOCK_MONOTONIC, until);
    until->tv_nsec += delay_ns;
    until->tv_sec += until->tv_nsec / 1000000000, until->tv_nsec %= 1000000000;
    tail++;
    pthread_cond_signal(&arrived);
    pthread_mutex_unlock(&lock);
  }
}

int main(int count, char **args) {
  if (count < 3) return fprintf(stderr, "usage: slowdisk MICROSECONDS COMMAND...\n"), 64;
  delay_ns = atol(args[1]) * 1000;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) die("socketpair");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    close(pair[0]);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int fd = install_filter();
    send_fd(pair[1], fd);
    close(fd), close(pair[1]);
    execvp(args[2], args + 2);
    die(args[2]);
  }
  close(pair[1]);
  listener = receive_fd(pair[0]);
  prctl(PR_SET_TIMERSLACK, 1);
  pthread_t threads[2];
  pthread_create(&threads[0], NULL, take, NULL);
  pthread_create(&threads[1], NULL, release, NULL);
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
