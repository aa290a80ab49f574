#include "gaze_kernels.h"
