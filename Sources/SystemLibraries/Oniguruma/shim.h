#include <oniguruma.h>

// What Swift cannot reach by itself: addresses of C globals, and a variadic function.

static inline OnigEncoding onig_shim_utf8(void) { return ONIG_ENCODING_UTF8; }

static inline OnigSyntaxType* onig_shim_syntax(void) { return ONIG_SYNTAX_ONIGURUMA; }

// `text` holds ONIG_MAX_ERROR_MESSAGE_LEN bytes; returns how many of them the message takes.
static inline int onig_shim_error_text(OnigUChar* text, int code, OnigErrorInfo* info) {
  return onig_error_code_to_str(text, code, info);
}
