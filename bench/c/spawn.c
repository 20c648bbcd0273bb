/* Starts commands in turn and prints, for each, the median wall time in microseconds and the largest resident set in KB:
 *   spawn ROUNDS COMMAND ARG... -- COMMAND ARG...
 * In turn, so that a noisy machine is noisy for all of them alike. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 8

extern char **environ;

static int by_size(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return (d > 0) - (d < 0);
}

int main(int argc, char **argv) {
  int rounds = atoi(argv[1]), n = 0;
  char **command[MOST] = {argv + 2};
  for (int i = 2; i < argc; i++)
    if (!strcmp(argv[i], "--")) argv[i] = NULL, command[++n] = argv + i + 1;
  n++;
  double *took[MOST];
  long rss[MOST] = {0};
  for (int c = 0; c < n; c++) took[c] = calloc(rounds, sizeof(double));
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  for (int r = 0; r < rounds; r++)
    for (int c = 0; c < n; c++) {
      struct timespec a, b;
      struct rusage u;
      pid_t pid;
      int status;
      clock_gettime(CLOCK_MONOTONIC, &a);
      if (posix_spawn(&pid, command[c][0], &quiet, NULL, command[c], environ) || wait4(pid, &status, 0, &u) < 0 || status) {
        fprintf(stderr, "spawn: %s failed\n", command[c][0]);
        return 1;
      }
      clock_gettime(CLOCK_MONOTONIC, &b);
      took[c][r] = (b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3;
      if (u.ru_maxrss > rss[c]) rss[c] = u.ru_maxrss;
    }
  for (int c = 0; c < n; c++) {
    qsort(took[c], rounds, sizeof(double), by_size);
    printf("%.1f %ld\n", took[c][rounds / 2], rss[c]);
  }
  return 0;
}
