#include "chafa_shim.h"
