// The processors that threads are sized to. In C because Swift does not see the system call.
#if defined(__linux__)
#define _GNU_SOURCE 1
#include <sched.h>
#endif
#include <unistd.h>

#include "gaze_kernels.h"

int32_t gaze_processor_count(void) {
#if defined(__linux__)
  // A container or `taskset` may leave a process fewer than are online.
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int32_t)online : 1;
}
