/* sanitized.h: is this built with AddressSanitizer, which breaks some limits and filters of a process? */
#ifndef CU_BASE_SANITIZED_H
#define CU_BASE_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) /* gcc */
#define IS_SANITIZED 1
#elif defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#endif
