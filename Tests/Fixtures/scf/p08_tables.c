/* String forms of values, and names: what is one and what is not, case by case. */
#include "scftest.h"
#include <libscf_priv.h>

/* What manual page and source judge differently may go either way, but must do so for good. */
typedef enum { NO, YES, EITHER } verdict_t;
typedef enum { SERVICE, INSTANCE, PG, PGTYPE, PROPERTY, SNAPSHOT } kind_t;

/* A text, then a character so many times; -1 stands for "ab". */
typedef struct {
	const char *start;
	int fill;
	int times;
} form_t;

typedef struct {
	const char *id;
	scf_type_t type;
	verdict_t verdict;
	form_t in;
	form_t out;
} value_case_t;

typedef struct {
	const char *id;
	kind_t kind;
	verdict_t verdict;
	form_t name;
} name_case_t;

static const value_case_t values[] = {
	{ "v001", SCF_TYPE_BOOLEAN, YES, { "true", 0, 0 }, { "true", 0, 0 } },
	{ "v004", SCF_TYPE_BOOLEAN, YES, { "false", 0, 0 }, { "false", 0, 0 } },
	{ "v007", SCF_TYPE_BOOLEAN, NO, { "TRUE", 0, 0 }, { "", 0, 0 } },
	{ "v010", SCF_TYPE_BOOLEAN, NO, { "no", 0, 0 }, { "", 0, 0 } },
	{ "v013", SCF_TYPE_BOOLEAN, NO, { "", 0, 0 }, { "", 0, 0 } },
	{ "v016", SCF_TYPE_BOOLEAN, NO, { "tr", 0, 0 }, { "", 0, 0 } },
	{ "v019", SCF_TYPE_COUNT, YES, { "42", 0, 0 }, { "42", 0, 0 } },
	{ "v022", SCF_TYPE_COUNT, YES, { "0XfF", 0, 0 }, { "255", 0, 0 } },
	{ "v025", SCF_TYPE_COUNT, YES, { "+7", 0, 0 }, { "7", 0, 0 } },
	{ "v028", SCF_TYPE_COUNT, NO, { "", 0, 0 }, { "", 0, 0 } },
	{ "v031", SCF_TYPE_COUNT, NO, { "1.0", 0, 0 }, { "", 0, 0 } },
	{ "v034", SCF_TYPE_COUNT, NO, { "abc", 0, 0 }, { "", 0, 0 } },
	{ "v037", SCF_TYPE_COUNT, NO, { "1_000", 0, 0 }, { "", 0, 0 } },
	{ "v040", SCF_TYPE_COUNT, EITHER, { "-1", 0, 0 }, { "18446744073709551615", 0, 0 } },
	{ "v043", SCF_TYPE_INTEGER, YES, { "-5", 0, 0 }, { "-5", 0, 0 } },
	{ "v046", SCF_TYPE_INTEGER, YES,
	    { "-9223372036854775808", 0, 0 },
	    { "-9223372036854775808", 0, 0 } },
	{ "v049", SCF_TYPE_INTEGER, YES, { "-010", 0, 0 }, { "-8", 0, 0 } },
	{ "v052", SCF_TYPE_INTEGER, NO, { "-9223372036854775809", 0, 0 }, { "", 0, 0 } },
	{ "v055", SCF_TYPE_INTEGER, NO, { "1e3", 0, 0 }, { "", 0, 0 } },
	{ "v058", SCF_TYPE_INTEGER, NO, { "1 2", 0, 0 }, { "", 0, 0 } },
	{ "v061", SCF_TYPE_INTEGER, NO, { "five", 0, 0 }, { "", 0, 0 } },
	{ "v064", SCF_TYPE_TIME, YES, { "1", 0, 0 }, { "1", 0, 0 } },
	{ "v067", SCF_TYPE_TIME, YES, { "1.0", 0, 0 }, { "1", 0, 0 } },
	{ "v070", SCF_TYPE_TIME, YES, { "1.123456789", 0, 0 }, { "1.123456789", 0, 0 } },
	{ "v073", SCF_TYPE_TIME, YES, { "010", 0, 0 }, { "10", 0, 0 } },
	{ "v076", SCF_TYPE_TIME, YES, { "7.999999999", 0, 0 }, { "7.999999999", 0, 0 } },
	{ "v079", SCF_TYPE_TIME, NO, { "", 0, 0 }, { "", 0, 0 } },
	{ "v082", SCF_TYPE_TIME, NO, { "1.1234567890", 0, 0 }, { "", 0, 0 } },
	{ "v085", SCF_TYPE_TIME, NO, { "1,5", 0, 0 }, { "", 0, 0 } },
	{ "v088", SCF_TYPE_TIME, NO, { "x", 0, 0 }, { "", 0, 0 } },
	{ "v091", SCF_TYPE_TIME, NO, { "1:30", 0, 0 }, { "", 0, 0 } },
	{ "v094", SCF_TYPE_ASTRING, YES, { "a", 0, 0 }, { "a", 0, 0 } },
	{ "v097", SCF_TYPE_ASTRING, YES, { "\377\376 raw", 0, 0 }, { "\377\376 raw", 0, 0 } },
	{ "v100", SCF_TYPE_ASTRING, YES, { "caf\303\251", 0, 0 }, { "caf\303\251", 0, 0 } },
	{ "v103", SCF_TYPE_USTRING, YES, { "plain", 0, 0 }, { "plain", 0, 0 } },
	{ "v106", SCF_TYPE_USTRING, YES, { "\360\237\230\200", 0, 0 }, { "\360\237\230\200", 0, 0 } },
	{ "v109", SCF_TYPE_USTRING, NO, { "\200", 0, 0 }, { "", 0, 0 } },
	{ "v112", SCF_TYPE_USTRING, NO, { "\342\202", 0, 0 }, { "", 0, 0 } },
	{ "v115", SCF_TYPE_USTRING, NO, { "\303(", 0, 0 }, { "", 0, 0 } },
	{ "v118", SCF_TYPE_USTRING, NO, { "\360\237\230", 0, 0 }, { "", 0, 0 } },
	{ "v121", SCF_TYPE_USTRING, EITHER,
	    { "\370\210\200\200\200", 0, 0 },
	    { "\370\210\200\200\200", 0, 0 } },
	{ "v124", SCF_TYPE_OPAQUE, YES, { "00ff", 0, 0 }, { "00ff", 0, 0 } },
	{ "v127", SCF_TYPE_OPAQUE, YES,
	    { "", -1, 1000 },
	    { "", -1, 1000 } },
	{ "v130", SCF_TYPE_OPAQUE, NO, { "0", 0, 0 }, { "", 0, 0 } },
	{ "v133", SCF_TYPE_OPAQUE, NO, { "00-11", 0, 0 }, { "", 0, 0 } },
	{ "v136", SCF_TYPE_URI, YES,
	    { "http://host/path\077q=1#frag", 0, 0 },
	    { "http://host/path\077q=1#frag", 0, 0 } },
	{ "v139", SCF_TYPE_URI, YES,
	    { "mailto:root@example.org", 0, 0 },
	    { "mailto:root@example.org", 0, 0 } },
	{ "v142", SCF_TYPE_URI, YES, { "//host/x", 0, 0 }, { "//host/x", 0, 0 } },
	{ "v145", SCF_TYPE_URI, YES, { "a:b", 0, 0 }, { "a:b", 0, 0 } },
	{ "v148", SCF_TYPE_URI, NO, { "http://host", 0, 0 }, { "", 0, 0 } },
	{ "v151", SCF_TYPE_URI, NO, { "\077query", 0, 0 }, { "", 0, 0 } },
	{ "v154", SCF_TYPE_URI, NO, { "scheme:#x", 0, 0 }, { "", 0, 0 } },
	{ "v157", SCF_TYPE_URI, EITHER, { ":", 0, 0 }, { ":", 0, 0 } },
	{ "v160", SCF_TYPE_FMRI, YES, { "svc:/network/smtp", 0, 0 }, { "svc:/network/smtp", 0, 0 } },
	{ "v163", SCF_TYPE_FMRI, YES,
	    { "svc://localhost/system/cron:default", 0, 0 },
	    { "svc://localhost/system/cron:default", 0, 0 } },
	{ "v166", SCF_TYPE_FMRI, YES,
	    { "svc:/SUNW,foo/bar:default", 0, 0 },
	    { "svc:/SUNW,foo/bar:default", 0, 0 } },
	{ "v169", SCF_TYPE_FMRI, YES, { "file:///etc/hosts", 0, 0 }, { "file:///etc/hosts", 0, 0 } },
	{ "v172", SCF_TYPE_FMRI, YES,
	    { "svc:/network/http_server-2:x1", 0, 0 },
	    { "svc:/network/http_server-2:x1", 0, 0 } },
	{ "v175", SCF_TYPE_FMRI, YES, { "file:///a", 0, 0 }, { "file:///a", 0, 0 } },
	{ "v178", SCF_TYPE_FMRI, NO, { "svc:/system//cron", 0, 0 }, { "", 0, 0 } },
	{ "v181", SCF_TYPE_FMRI, NO, { "svc:/system/cron;x", 0, 0 }, { "", 0, 0 } },
	{ "v184", SCF_TYPE_FMRI, NO, { "file:etc/hosts", 0, 0 }, { "", 0, 0 } },
	{ "v187", SCF_TYPE_FMRI, NO, { "svc:/system/cron:default/:properties/", 0, 0 }, { "", 0, 0 } },
	{ "v190", SCF_TYPE_FMRI, NO, { "http://host/path:1", 0, 0 }, { "", 0, 0 } },
	{ "v193", SCF_TYPE_FMRI, NO, { "svc:/net/ssh:a/b", 0, 0 }, { "", 0, 0 } },
	{ "v196", SCF_TYPE_FMRI, NO, { "file:", 0, 0 }, { "", 0, 0 } },
	{ "v199", SCF_TYPE_FMRI, EITHER, { "", 0, 0 }, { "", 0, 0 } },
	{ "v202", SCF_TYPE_NET_ADDR_V4, YES, { "10.0.0.1", 0, 0 }, { "10.0.0.1", 0, 0 } },
	{ "v205", SCF_TYPE_NET_ADDR, YES, { "0.0.0.0", 0, 0 }, { "0.0.0.0", 0, 0 } },
	{ "v208", SCF_TYPE_NET_ADDR_V4, YES, { "10.0.0.0/8", 0, 0 }, { "10.0.0.0/8", 0, 0 } },
	{ "v211", SCF_TYPE_NET_ADDR, YES, { "192.168.1.0/24", 0, 0 }, { "192.168.1.0/24", 0, 0 } },
	{ "v214", SCF_TYPE_NET_ADDR_V4, YES, { "1.2.3.4/0", 0, 0 }, { "1.2.3.4/0", 0, 0 } },
	{ "v217", SCF_TYPE_NET_ADDR, YES, { "::1", 0, 0 }, { "::1", 0, 0 } },
	{ "v220", SCF_TYPE_NET_ADDR_V6, YES, { "fe80::1", 0, 0 }, { "fe80::1", 0, 0 } },
	{ "v223", SCF_TYPE_NET_ADDR, YES, { "fe80::1/64", 0, 0 }, { "fe80::1/64", 0, 0 } },
	{ "v226", SCF_TYPE_NET_ADDR_V6, YES, { "::ffff:10.0.0.1", 0, 0 }, { "::ffff:10.0.0.1", 0, 0 } },
	{ "v229", SCF_TYPE_NET_ADDR, YES, { "1:2:3:4:5:6:7:8", 0, 0 }, { "1:2:3:4:5:6:7:8", 0, 0 } },
	{ "v232", SCF_TYPE_NET_ADDR_V6, YES, { "fe80::1/128", 0, 0 }, { "fe80::1/128", 0, 0 } },
	{ "v235", SCF_TYPE_NET_ADDR, YES, { "FE80::A", 0, 0 }, { "FE80::A", 0, 0 } },
	{ "v238", SCF_TYPE_NET_ADDR_V4, NO, { "10.0.0.0/33", 0, 0 }, { "", 0, 0 } },
	{ "v241", SCF_TYPE_NET_ADDR_V4, NO, { "10.0.0.0/x", 0, 0 }, { "", 0, 0 } },
	{ "v244", SCF_TYPE_NET_ADDR_V4, NO, { "1.2.3.4.5", 0, 0 }, { "", 0, 0 } },
	{ "v247", SCF_TYPE_NET_ADDR_V6, NO, { "fe80::1/129", 0, 0 }, { "", 0, 0 } },
	{ "v250", SCF_TYPE_NET_ADDR_V6, NO, { "fe80::1%eth0", 0, 0 }, { "", 0, 0 } },
	{ "v253", SCF_TYPE_NET_ADDR_V6, NO, { "g::1", 0, 0 }, { "", 0, 0 } },
	{ "v256", SCF_TYPE_NET_ADDR_V6, NO, { "1:2:3", 0, 0 }, { "", 0, 0 } },
	{ "v259", SCF_TYPE_NET_ADDR, NO, { "", 0, 0 }, { "", 0, 0 } },
	{ "v262", SCF_TYPE_NET_ADDR, NO, { "::1 ", 0, 0 }, { "", 0, 0 } },
	{ "v265", SCF_TYPE_NET_ADDR_V6, NO, { "10.0.0.1", 0, 0 }, { "", 0, 0 } },
	{ "v268", SCF_TYPE_HOST, YES, { "host.example.com", 0, 0 }, { "host.example.com", 0, 0 } },
	{ "v271", SCF_TYPE_HOST, YES, { "::1", 0, 0 }, { "::1", 0, 0 } },
	{ "v274", SCF_TYPE_HOSTNAME, YES, { "localhost", 0, 0 }, { "localhost", 0, 0 } },
	{ "v277", SCF_TYPE_HOST, NO, { "\377.example", 0, 0 }, { "", 0, 0 } },
	{ "v280", SCF_TYPE_HOSTNAME, NO, { "\377.example", 0, 0 }, { "", 0, 0 } },
};

static const name_case_t names[] = {
	{ "n001", INSTANCE, YES, { "foo", 0, 0 } },
	{ "n004", INSTANCE, YES, { "foo-bar_1", 0, 0 } },
	{ "n007", INSTANCE, YES, { "A9", 0, 0 } },
	{ "n010", INSTANCE, YES, { "a_", 0, 0 } },
	{ "n013", INSTANCE, NO, { "1foo", 0, 0 } },
	{ "n016", INSTANCE, NO, { "foo.bar", 0, 0 } },
	{ "n019", INSTANCE, NO, { ",foo", 0, 0 } },
	{ "n022", INSTANCE, NO, { "foo:bar", 0, 0 } },
	{ "n025", INSTANCE, NO, { "foo/", 0, 0 } },
	{ "n028", INSTANCE, NO, { "", 'x', 130 } },
	{ "n031", INSTANCE, NO, { "foo;", 0, 0 } },
	{ "n034", PG, YES, { "Foo", 0, 0 } },
	{ "n037", PG, YES, { "SUNW,foo", 0, 0 } },
	{ "n040", PG, YES, { "", 'x', 119 } },
	{ "n043", PG, YES, { "com.sun-x_1,foo-2", 0, 0 } },
	{ "n046", PG, NO, { "-foo", 0, 0 } },
	{ "n049", PG, NO, { "foo bar", 0, 0 } },
	{ "n052", PG, NO, { "SUNW,1foo", 0, 0 } },
	{ "n055", PG, NO, { "foo@x", 0, 0 } },
	{ "n058", PG, NO, { "foo!", 0, 0 } },
	{ "n061", PG, NO, { "foo\012", 0, 0 } },
	{ "n064", PG, NO, { "foo/bar", 0, 0 } },
	{ "n067", PGTYPE, YES, { "f", 0, 0 } },
	{ "n070", PGTYPE, YES, { "com.sun,foo", 0, 0 } },
	{ "n073", PGTYPE, YES, { "a--b", 0, 0 } },
	{ "n076", PGTYPE, NO, { "", 0, 0 } },
	{ "n079", PGTYPE, NO, { "_foo", 0, 0 } },
	{ "n082", PGTYPE, NO, { "SUNW,", 0, 0 } },
	{ "n085", PGTYPE, NO, { "aa,bb,cc", 0, 0 } },
	{ "n088", PGTYPE, NO, { "f\303\266o", 0, 0 } },
	{ "n091", PGTYPE, NO, { "1a,foo", 0, 0 } },
	{ "n094", PGTYPE, NO, { "*", 0, 0 } },
	{ "n097", PROPERTY, YES, { "foo", 0, 0 } },
	{ "n100", PROPERTY, YES, { "foo-bar_1", 0, 0 } },
	{ "n103", PROPERTY, YES, { "A9", 0, 0 } },
	{ "n106", PROPERTY, YES, { "a_", 0, 0 } },
	{ "n109", PROPERTY, NO, { "1foo", 0, 0 } },
	{ "n112", PROPERTY, NO, { "foo.bar", 0, 0 } },
	{ "n115", PROPERTY, NO, { ",foo", 0, 0 } },
	{ "n118", PROPERTY, NO, { "foo:bar", 0, 0 } },
	{ "n121", PROPERTY, NO, { "foo/", 0, 0 } },
	{ "n124", PROPERTY, NO, { "", 'x', 130 } },
	{ "n127", PROPERTY, NO, { "foo;", 0, 0 } },
	{ "n130", SNAPSHOT, YES, { "Foo", 0, 0 } },
	{ "n133", SNAPSHOT, YES, { "SUNW,foo", 0, 0 } },
	{ "n136", SNAPSHOT, YES, { "", 'x', 119 } },
	{ "n139", SNAPSHOT, YES, { "com.sun-x_1,foo-2", 0, 0 } },
	{ "n142", SNAPSHOT, NO, { "-foo", 0, 0 } },
	{ "n145", SNAPSHOT, NO, { "foo bar", 0, 0 } },
	{ "n148", SNAPSHOT, NO, { "SUNW,1foo", 0, 0 } },
	{ "n151", SNAPSHOT, NO, { "foo@x", 0, 0 } },
	{ "n154", SNAPSHOT, NO, { "foo!", 0, 0 } },
	{ "n157", SNAPSHOT, NO, { "foo\012", 0, 0 } },
	{ "n160", SNAPSHOT, NO, { "foo/bar", 0, 0 } },
	{ "n163", SERVICE, YES, { "f", 0, 0 } },
	{ "n166", SERVICE, YES, { "com.sun,foo", 0, 0 } },
	{ "n169", SERVICE, YES, { "a--b", 0, 0 } },
	{ "n172", SERVICE, YES, { "network/ssh", 0, 0 } },
	{ "n175", SERVICE, YES, { "net/SUNW,ssh", 0, 0 } },
	{ "n178", SERVICE, NO, { "1foo", 0, 0 } },
	{ "n181", SERVICE, NO, { "foo.bar", 0, 0 } },
	{ "n184", SERVICE, NO, { ",foo", 0, 0 } },
	{ "n187", SERVICE, NO, { "foo:bar", 0, 0 } },
	{ "n190", SERVICE, NO, { "foo!", 0, 0 } },
	{ "n193", SERVICE, NO, { "foo\012", 0, 0 } },
	{ "n196", SERVICE, NO, { "network//ssh", 0, 0 } },
	{ "n199", SERVICE, NO, { "net/1ssh", 0, 0 } },
	{ "n202", SERVICE, NO, { "net/ssh/", 0, 0 } },
};

static const char *
text(const form_t *form)
{
	static char buf[20000];
	char *end = buf + snprintf(buf, sizeof (buf), "%s", form->start);
	int i;

	for (i = 0; i < form->times; i++) {
		if (form->fill == -1)
			*end++ = 'a';
		*end++ = form->fill == -1 ? 'b' : (char)form->fill;
	}
	*end = '\0';
	return (buf);
}

/* Whether the value is what the case says, and comes back from its string form. */
static int
value_holds(scf_value_t *v, const value_case_t *c)
{
	char first[9000], second[9000];
	int r = scf_value_set_from_string(v, c->type, text(&c->in));

	if (r != 0)
		return (c->verdict != YES && r == -1 && scf_error() == SCF_ERROR_INVALID_ARGUMENT &&
		    scf_value_type(v) == SCF_TYPE_INVALID);
	if (c->verdict == NO || scf_value_get_as_string(v, first, sizeof (first)) < 0)
		return (0);
	if (c->verdict == YES && strcmp(first, text(&c->out)) != 0)
		return (0);
	return (scf_value_type(v) == c->type &&
	    scf_value_set_from_string(v, c->type, first) == 0 &&
	    scf_value_get_as_string(v, second, sizeof (second)) >= 0 &&
	    strcmp(first, second) == 0);
}

/* Asks for something of the name, which is not there; or makes a group of the type. */
static int
ask(env_t *e, const name_case_t *c)
{
	char group[32];

	switch (c->kind) {
	case SERVICE:
		return (scf_scope_get_service(e->sc, text(&c->name), NULL));
	case INSTANCE:
		return (scf_service_get_instance(e->svc, text(&c->name), NULL));
	case PG:
		return (scf_instance_get_pg(e->inst, text(&c->name), NULL));
	case PROPERTY:
		return (scf_pg_get_property(e->pg, text(&c->name), NULL));
	case SNAPSHOT:
		return (scf_instance_get_snapshot(e->inst, text(&c->name), NULL));
	case PGTYPE:
		snprintf(group, sizeof (group), "g-%s", c->id);
		return (scf_instance_add_pg(e->inst, group, text(&c->name), 0, NULL));
	}
	return (-2);
}

static int
name_holds(env_t *e, const name_case_t *c)
{
	int r = ask(e, c);
	int is_name = r == 0 || (r == -1 && scf_error() == SCF_ERROR_NOT_FOUND);

	if (!is_name && (r != -1 || scf_error() != SCF_ERROR_INVALID_ARGUMENT))
		return (0);
	return (c->verdict == EITHER || (c->verdict == YES) == is_name);
}

int
main(void)
{
	env_t e;
	scf_value_t *v;
	size_t i;

	env_new(&e, "p08");
	v = scf_value_create(e.h);
	for (i = 0; i < sizeof (values) / sizeof (values[0]); i++)
		OK(value_holds(v, &values[i]), "value %s", values[i].id);
	for (i = 0; i < sizeof (names) / sizeof (names[0]); i++)
		OK(name_holds(&e, &names[i]), "name %s", names[i].id);
	scf_value_destroy(v);
	env_delete(&e);
	return (t_done());
}
