/* SPDX-License-Identifier: MIT */
/* The model is a database in memory that SQLite makes from the text for new files, so both sides
 * are stored by the same rules. */
#include "fsdrivers/sqlitefs/shape.h"

#include "fsdrivers/sqlitefs/schema.h"

#include <errno.h>
#include <string.h>

/* The schema of each released format; a file keeps the one it was made with. */
static const char *const released[] = {sqlitefs_schema};

enum { SHOWN_MAX = 48 };

/* Columns of the queries below. */
enum { COL_TYPE, COL_NAME, COL_TABLE, COL_SQL };

static const char all_text[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema";
static const char one_text[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
                               " WHERE type = ?1 AND name = ?2";

/* A comparison of one database with another. */
struct comparison {
    struct store *s;
    struct why *why;
    bool *named;
    sqlite3_stmt *all; /* over the objects of one */
    sqlite3_stmt *one; /* looks up an object in the other */
};

/* A column for people: a foreign name may be long, or not text. */
static const char *shown(sqlite3_stmt *q, int column, char out[SHOWN_MAX + 1])
{
    const unsigned char *text = sqlite3_column_text(q, column);
    size_t len = 0;

    for (; text != NULL && text[len] != '\0' && len < SHOWN_MAX; len++)
        out[len] = text[len] >= ' ' && text[len] <= '~' ? (char)text[len] : '?';
    out[len] = '\0';
    return out;
}

static bool same(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    const void *a_bytes = sqlite3_column_text(a, column);
    const void *b_bytes = sqlite3_column_text(b, column);
    int len = sqlite3_column_bytes(a, column);

    return a_bytes != NULL && b_bytes != NULL && len == sqlite3_column_bytes(b, column) &&
           memcmp(a_bytes, b_bytes, (size_t)len) == 0;
}

/* Add the reason: what is wrong with the current object of @c->all. Returns -EIO. */
static int refuse(const struct comparison *c, const char *what)
{
    char type[SHOWN_MAX + 1];
    char name[SHOWN_MAX + 1];

    *c->named = true;
    return why_add(c->why, -EIO, "%s: its %s %s %s", c->s->path, shown(c->all, COL_TYPE, type),
                   shown(c->all, COL_NAME, name), what);
}

/* Look up the current object of @c->all in the other database. Returns 1 found, 0 not, -errno. */
static int find_other(const struct comparison *c)
{
    (void)sqlite3_reset(c->one);
    (void)sqlite3_bind_value(c->one, 1, sqlite3_column_value(c->all, COL_TYPE));
    (void)sqlite3_bind_value(c->one, 2, sqlite3_column_value(c->all, COL_NAME));
    return db_row(c->one);
}

/* Check that each object of the file is the model's. */
static int check_theirs(const struct comparison *c)
{
    int err;

    while ((err = db_row(c->all)) > 0) {
        err = find_other(c);
        if (err == 0)
            return refuse(c, "is not part of the format: another program has changed the file");
        if (err < 0)
            return err;
        if (!same(c->all, c->one, COL_TABLE) || !same(c->all, c->one, COL_SQL))
            return refuse(c, "differs from the format's: another program has changed the file");
    }
    return err;
}

/* Check that the file has each object of the model; check_theirs() saw that they are equal. */
static int check_ours(const struct comparison *c)
{
    int err;

    while ((err = db_row(c->all)) > 0) {
        err = find_other(c);
        if (err == 0)
            return refuse(c, "is missing");
        if (err < 0)
            return err;
    }
    return err;
}

/* Compare each object of @from with @to. */
static int compare(struct comparison c, sqlite3 *from, sqlite3 *to)
{
    int err;

    db_allow(&c.s->db, DB_STEPS);
    err = db_error(from, sqlite3_prepare_v2(from, all_text, -1, &c.all, NULL));
    if (err == 0)
        err = db_error(to, sqlite3_prepare_v2(to, one_text, -1, &c.one, NULL));
    if (err == 0)
        err = from == c.s->db.sqlite ? check_theirs(&c) : check_ours(&c);
    (void)sqlite3_finalize(c.all);
    (void)sqlite3_finalize(c.one);
    return err;
}

/* Check that no two tables share a root page: they would change each other. */
static int check_roots(struct store *s, struct why *why, bool *named)
{
    int64_t shared = 0;
    int err = db_query_int(&s->db,
                           "SELECT count(*) - count(DISTINCT rootpage) FROM sqlite_schema"
                           " WHERE rootpage <> 0",
                           &shared, NULL);

    *named = err == 0 && shared != 0;
    if (*named)
        return why_add(why, -EIO, "%s: it is damaged: two of its tables share pages", s->path);
    return err;
}

int shape_check(struct store *s, int format, struct why *why, bool *named)
{
    struct comparison c = {.s = s, .why = why, .named = named};
    sqlite3 *model = NULL;
    int err;

    *named = false;
    err = db_errno(sqlite3_open(":memory:", &model));

    if (err == 0)
        err = db_errno(sqlite3_exec(model, released[format - 1], NULL, NULL, NULL));
    if (err == 0)
        err = compare(c, s->db.sqlite, model);
    if (err == 0)
        err = compare(c, model, s->db.sqlite);
    if (err == 0)
        err = check_roots(s, why, named);
    (void)sqlite3_close(model);
    return err;
}
