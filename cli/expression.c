// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * expression.c - `-k "opt3001 and not (events or nak)"`
 *
 *	or:	and { "or" and }
 *	and:	not { "and" not }
 *	not:	"not" not | "(" or ")" | word
 *
 * A word stands for the tests in whose id, or name of file, it occurs; upper
 * and lower case are the same.
 */
#include "run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 100		/* of parentheses and "not" */

enum kind { KIND_WORD, KIND_NOT, KIND_AND, KIND_OR };

struct expression {
	enum kind kind;
	char *word;			/* of KIND_WORD */
	struct expression *one, *two;	/* two: of KIND_AND and KIND_OR */
};

struct parser {
	const char *text, *at;		/* at: the next word begins here */
	size_t len;			/* of it; 0: there is none */
	unsigned int depth;
	bool failed;			/* and the message is printed */
};

static struct expression *parse_or(struct parser *parser);

/* ------------------------------------------------------------------------
 * Words
 */

static bool is_parenthesis(char c)
{
	return c == '(' || c == ')';
}

static void next_word(struct parser *parser)
{
	const char *end;

	parser->at += parser->len;
	while (isspace((unsigned char)*parser->at))
		parser->at++;
	end = parser->at;
	if (is_parenthesis(*end)) {
		end++;
	} else {
		while (*end && !isspace((unsigned char)*end) &&
		       !is_parenthesis(*end))
			end++;
	}
	parser->len = end - parser->at;
}

static bool word_is(const struct parser *parser, const char *word)
{
	return parser->len == strlen(word) &&
	       !strncmp(parser->at, word, parser->len);
}

static struct expression *parse_error(struct parser *parser, const char *what)
{
	if (parser->failed)
		return NULL;
	parser->failed = true;
	if (parser->len)
		cli_error("-k \"%s\": %s, but there is \"%.*s\" (character %td)",
			  parser->text, what, (int)parser->len, parser->at,
			  parser->at - parser->text + 1);
	else
		cli_error("-k \"%s\": %s, but it ends there", parser->text, what);
	cli_remedy("-k takes words with \"and\", \"or\", \"not\" and parentheses between them: -k \"light and not (events or nak)\"");
	return NULL;
}

/* ------------------------------------------------------------------------
 * The tree
 */

static struct expression *make(enum kind kind, struct expression *one,
			       struct expression *two)
{
	struct expression *made = xcalloc(1, sizeof(*made));

	*made = (struct expression){ .kind = kind, .one = one, .two = two };
	return made;
}

/* What stands behind "not" or "(". */
static struct expression *parse_inner(struct parser *parser,
				      struct expression *(*parse)(struct parser *))
{
	struct expression *inner;

	if (parser->depth == MAX_DEPTH)
		return parse_error(parser, "that is nested too deeply");
	parser->depth++;
	next_word(parser);
	inner = parse(parser);
	parser->depth--;
	return inner;
}

static struct expression *parse_not(struct parser *parser)
{
	struct expression *inner;

	if (word_is(parser, "not")) {
		inner = parse_inner(parser, parse_not);
		return inner ? make(KIND_NOT, inner, NULL) : NULL;
	}
	if (word_is(parser, "(")) {
		inner = parse_inner(parser, parse_or);
		if (inner && !word_is(parser, ")")) {
			expression_destroy(inner);
			return parse_error(parser, "a \")\" is expected");
		}
		next_word(parser);
		return inner;
	}
	if (!parser->len || word_is(parser, ")") || word_is(parser, "and") ||
	    word_is(parser, "or"))
		return parse_error(parser, "a word is expected");
	inner = make(KIND_WORD, NULL, NULL);
	inner->word = text("%.*s", (int)parser->len, parser->at);
	next_word(parser);
	return inner;
}

/* Operands with @name between them. */
static struct expression *parse_chain(struct parser *parser, enum kind kind,
				      const char *name,
				      struct expression *(*parse)(struct parser *))
{
	struct expression *left = parse(parser), *right;

	while (left && word_is(parser, name)) {
		next_word(parser);
		right = parse(parser);
		if (!right) {
			expression_destroy(left);
			return NULL;
		}
		left = make(kind, left, right);
	}
	return left;
}

static struct expression *parse_and(struct parser *parser)
{
	return parse_chain(parser, KIND_AND, "and", parse_not);
}

static struct expression *parse_or(struct parser *parser)
{
	return parse_chain(parser, KIND_OR, "or", parse_and);
}

struct expression *expression_parse(const char *text)
{
	struct parser parser = { .text = text, .at = text };
	struct expression *expression;

	next_word(&parser);
	expression = parse_or(&parser);
	if (expression && parser.len) {
		expression_destroy(expression);
		return parse_error(&parser, "\"and\" or \"or\" is expected");
	}
	return expression;
}

bool expression_matches(const struct expression *expression, const char *name)
{
	switch (expression->kind) {
	case KIND_NOT:
		return !expression_matches(expression->one, name);
	case KIND_AND:
		return expression_matches(expression->one, name) &&
		       expression_matches(expression->two, name);
	case KIND_OR:
		return expression_matches(expression->one, name) ||
		       expression_matches(expression->two, name);
	default:
		return strcasestr(name, expression->word);
	}
}

void expression_destroy(struct expression *expression)
{
	if (!expression)
		return;
	expression_destroy(expression->one);
	expression_destroy(expression->two);
	free(expression->word);
	free(expression);
}
