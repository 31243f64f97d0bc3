// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kconfig-why.c - say which dependency keeps an option from what was wanted
 *
 * Expressions have three values, n < m < y; && is the minimum, || the maximum,
 * ! mirrors. An option can't be more than what it depends on.
 */
#include "kconfig.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct expr {
	const char *p;
	const char *config;
};

static int expr_or(struct expr *expr);

static int tristate(const char *value)
{
	return !strcmp(value, "y") ? KCONFIG_YES :
	       !strcmp(value, "m") ? KCONFIG_MODULE : KCONFIG_NO;
}

static void expr_blanks(struct expr *expr)
{
	while (isspace((unsigned char)*expr->p))
		expr->p++;
}

/* A word's value as text: a constant, a string or an option's value. */
static char *expr_word(struct expr *expr)
{
	const char *start = expr->p;
	char *name, *value;
	size_t len;

	if (*start == '"' || *start == '\'') {
		len = strcspn(start + 1, *start == '"' ? "\"" : "'");
		expr->p += len + 1 + (start[len + 1] != '\0');
		return text("%.*s", (int)len, start + 1);
	}
	if (starts_with(start, "$(")) {
		/* A function of Kconfig, such as $(cc-option,...). */
		expr->p += strcspn(start, ")");
		expr->p += *expr->p != '\0';
		return text("y");
	}
	while (isalnum((unsigned char)*expr->p) || *expr->p == '_')
		expr->p++;
	if (expr->p == start && *expr->p)
		expr->p++;	/* not understood: don't stand still */
	name = text("%.*s", (int)(expr->p - start), start);
	if (!strcmp(name, "y") || !strcmp(name, "m") || !strcmp(name, "n") ||
	    isdigit((unsigned char)*name))
		return name;
	value = config_value(expr->config, name);
	free(name);
	return value;
}

static int expr_comparison(struct expr *expr)
{
	char *left = expr_word(expr), *right;
	int result = tristate(left);
	bool equal;

	expr_blanks(expr);
	if (*expr->p == '=' || starts_with(expr->p, "!=")) {
		equal = *expr->p == '=';
		expr->p += equal ? 1 : 2;
		expr_blanks(expr);
		right = expr_word(expr);
		result = !strcmp(left, right) == equal ? KCONFIG_YES : KCONFIG_NO;
		free(right);
	} else if (*expr->p == '<' || *expr->p == '>') {
		/* Numbers of versions: taken as true. */
		expr->p += strspn(expr->p, "<>=");
		expr_blanks(expr);
		free(expr_word(expr));
		result = KCONFIG_YES;
	}
	free(left);
	return result;
}

static int expr_not(struct expr *expr)
{
	int value;

	expr_blanks(expr);
	if (*expr->p == '!') {
		expr->p++;
		return KCONFIG_YES - expr_not(expr);
	}
	if (*expr->p != '(')
		return expr_comparison(expr);
	expr->p++;
	value = expr_or(expr);
	expr_blanks(expr);
	expr->p += *expr->p == ')';
	return value;
}

static int expr_and(struct expr *expr)
{
	int value = expr_not(expr);

	for (expr_blanks(expr); starts_with(expr->p, "&&");
	     expr_blanks(expr)) {
		int other;

		expr->p += 2;
		other = expr_not(expr);
		value = other < value ? other : value;
	}
	return value;
}

static int expr_or(struct expr *expr)
{
	int value = expr_and(expr);

	for (expr_blanks(expr); starts_with(expr->p, "||");
	     expr_blanks(expr)) {
		int other;

		expr->p += 2;
		other = expr_and(expr);
		value = other > value ? other : value;
	}
	return value;
}

int kconfig_value(const char *expression, const char *config)
{
	struct expr expr = { expression, config };

	return expr_or(&expr);
}

/* Where @operator stands outside of parentheses, or the end. */
static size_t find_operator(const char *expression, const char *operator)
{
	int depth = 0;
	size_t i;

	for (i = 0; expression[i]; i++) {
		depth += (expression[i] == '(') - (expression[i] == ')');
		if (!depth && starts_with(expression + i, operator))
			break;
	}
	return i;
}

/* Length of the first operand of &&; || binds weaker, so with one the whole
 * is a single clause. */
size_t kconfig_clause(const char *expression)
{
	size_t either = find_operator(expression, "||");

	return expression[either] ? strlen(expression) :
				    find_operator(expression, "&&");
}

/* The options of a clause with their values: " IIO=n". */
static char *clause_values(const char *clause, const char *config)
{
	char *values = text("%s", "");

	for (const char *p = clause; *p;) {
		size_t len = 0;

		while (isalnum((unsigned char)p[len]) || p[len] == '_')
			len++;
		if (len > 1) {
			char *name = text("%.*s", (int)len, p);
			char *value = config_value(config, name);
			char *more = text("%s %s=%s", values, name, value);

			free(values);
			values = more;
			free(value);
			free(name);
		}
		p += len ? len : 1;
	}
	return values;
}

/* Name each clause that is below @wanted. */
static void explain_expression(struct strings *reasons, const char *expression,
			       const char *config, int wanted,
			       const char *what)
{
	while (*expression) {
		size_t len = kconfig_clause(expression);
		char *clause = text("%.*s", (int)len, expression);
		size_t end = len;

		while (end && isspace((unsigned char)clause[end - 1]))
			clause[--end] = '\0';
		if (kconfig_value(clause, config) < wanted) {
			char *values = clause_values(clause, config);

			strings_add(reasons, text("%s %s  (%s )", what,
						  clause, values));
			free(values);
		}
		free(clause);
		expression += len + 2 * !!expression[len];
		expression += strspn(expression, " \t");
	}
}

static void explain_symbol(struct strings *reasons,
			   const struct kconfig_symbol *symbol,
			   const char *config, const char *wanted)
{
	int need = !strcmp(wanted, "m") ? KCONFIG_MODULE : KCONFIG_YES;

	if (symbol->is_bool && !strcmp(wanted, "m"))
		strings_add(reasons, text("%s: it can be y or n, not m",
					  symbol->origin));
	/* A bool whose dependency is m can still be y. */
	if (symbol->is_bool)
		need = KCONFIG_MODULE;
	for (size_t i = 0; i < symbol->depends.num; i++)
		explain_expression(reasons, symbol->depends.items[i], config,
				   need, "it depends on");
	if (!symbol->prompt)
		strings_add(reasons, text("%s: it has no prompt: only options that select it can set it",
					  symbol->origin));
	else if (symbol->prompt_if)
		explain_expression(reasons, symbol->prompt_if, config, KCONFIG_MODULE,
				   "it can be set only if");
}

void kconfig_explain(const struct kconfig *kconfig, const char *config,
		     const struct config_option *option,
		     struct strings *reasons)
{
	unsigned int defined = 0;

	for (size_t i = 0; i < kconfig->num; i++) {
		const struct kconfig_symbol *symbol = &kconfig->symbols[i];

		if (strcmp(symbol->name, option->name))
			continue;
		defined++;
		if (strcmp(option->value, "n"))
			explain_symbol(reasons, symbol, config, option->value);
	}
	if (!defined)
		strings_add(reasons, text("no Kconfig file that ARCH=um reads has it: a typo, or an option of another kernel version or architecture"));
	else if (!strcmp(option->value, "n"))
		strings_add(reasons, text("another option selects it, or it can't be turned off"));
	else if (!reasons->num)
		strings_add(reasons, text("its dependencies seem to hold; look at it with make menuconfig"));
}
