#include "control/digest_words.h"

const char *digest_word(enum digest_word w, int language)
{
	static const char *const words[][NLANGUAGES] = {
#define X(id, en, zh) [DIGEST_##id] = { en, zh },
		DIGEST_WORDS(X)
#undef X
	};

	return words[w][language];
}

const char *digest_request_word(enum request_type type, int language)
{
	static const char *const zh[] = {
		[REQUEST_ACCESS] = "查阅、复制", [REQUEST_PORTABILITY] = "转移",
		[REQUEST_RECTIFICATION] = "更正、补充", [REQUEST_ERASURE] = "删除",
		[REQUEST_RESTRICTION] = "限制处理", [REQUEST_OBJECTION] = "拒绝（反对）",
		[REQUEST_WITHDRAWAL] = "撤回同意",
	};

	return language == LANGUAGE_ZH ? zh[type] : law_request_word(type);
}
