// Runs every kernel of every table that this machine has against plain loops in double. Written
// in C so that it also runs where there is no Swift: under a second compiler, a sanitizer, or an
// emulator. Exit status 1 when anything differs.
#include <stdio.h>
#include <string.h>

#include "check.h"

/// `kernels-test [NAME...]`: fails unless each named table is there.
int main(int argc, char **argv) {
  int32_t index = 0;
  const gaze_kernel_table *table;
  about("the tables");
  expect(gaze_kernel_table_at(-1) == NULL, "there is one at -1");
  for (; (table = gaze_kernel_table_at(index)) != NULL; index++) {
    int64_t before = comparisons_made();
    check_products(table);
    check_attention(table);
    check_rows(table);
    check_activations(table);
    check_conversions(table);
    check_training(table);
    printf("%s: %lld comparisons\n", table->name, (long long)(comparisons_made() - before));
  }
  about("the tables");
  expect(index > 0 && strcmp(gaze_kernel_table_at(index - 1)->name, "portable") == 0,
         "the portable one is not the last");
  for (int i = 1; i < argc; i++) {
    bool found = false;
    for (int32_t t = 0; t < index; t++) found |= strcmp(gaze_kernel_table_at(t)->name, argv[i]) == 0;
    expect(found, "%s is missing", argv[i]);
  }
  if (comparisons_failed() > 0) printf("%lld differ\n", (long long)comparisons_failed());
  return comparisons_failed() > 0;
}
