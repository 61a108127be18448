/* SPDX-License-Identifier: MIT */
#include "tests/rpc/client.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_SHOWN = 2000 };

void client_open(struct client *c, const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    *c = (struct client){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .next_id = 1};
    cr_assert(strlen(path) < sizeof(addr.sun_path));
    (void)strcpy(addr.sun_path, path);
    cr_assert(connect(c->fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0, "connect: %s",
              strerror(errno));
}

void client_close(struct client *c)
{
    if (c->fd >= 0)
        (void)close(c->fd);
    c->fd = -1;
    strbuf_done(&c->in);
}

bool client_send_bytes(struct client *c, const void *bytes, size_t len)
{
    const char *p = bytes;

    while (len > 0) {
        ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);

        if (n < 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

void client_send(struct client *c, const char *line)
{
    cr_assert(client_send_bytes(c, line, strlen(line)));
    cr_assert(client_send_bytes(c, "\n", 1));
}

void client_sendf(struct client *c, const char *fmt, ...)
{
    struct strbuf line = STRBUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    (void)strbuf_addv(&line, fmt, ap);
    va_end(ap);
    client_send(c, strbuf_str(&line));
    strbuf_done(&line);
}

void client_flood(struct client *c, const char *method, int count)
{
    struct strbuf all = STRBUF_INIT;

    for (int i = 0; i < count; i++)
        (void)strbuf_addf(&all, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\"}\n", i, method);
    cr_assert(client_send_bytes(c, all.ptr, all.len));
    strbuf_done(&all);
}

void client_half_close(struct client *c)
{
    cr_assert_eq(shutdown(c->fd, SHUT_WR), 0);
}

/** Read more. Returns false at the end of the stream. */
static bool fill(struct client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    char buf[65536];
    ssize_t n;

    cr_assert_eq(poll(&p, 1, CLIENT_PATIENCE_MS), 1, "the daemon says nothing");
    n = recv(c->fd, buf, sizeof(buf), 0);
    if (n <= 0)
        return false;
    cr_assert_eq(strbuf_add(&c->in, buf, (size_t)n), 0);
    return true;
}

/** Remove the line that was given out last. */
static void drop_line(struct client *c)
{
    char *end = c->in.len > 0 ? memchr(c->in.ptr, '\0', c->in.len) : NULL;

    if (end != NULL)
        strbuf_drop(&c->in, (size_t)(end - c->in.ptr) + 1);
}

const char *client_line(struct client *c)
{
    size_t scanned = 0;
    char *end = NULL;

    drop_line(c);
    for (;;) {
        if (c->in.len > scanned)
            end = memchr(c->in.ptr + scanned, '\n', c->in.len - scanned);
        if (end != NULL)
            break;
        scanned = c->in.len;
        if (!fill(c))
            return NULL;
    }
    *end = '\0';
    return c->in.ptr;
}

void client_expect(struct client *c, const char *line)
{
    const char *got = client_line(c);

    cr_assert_not_null(got, "the stream ended, expected %s", line);
    cr_assert_str_eq(got, line);
}

void client_expect_end(struct client *c)
{
    const char *got = client_line(c);

    cr_assert_null(got, "expected the end of the stream, got %.200s", got);
}

void client_expect_silence(struct client *c)
{
    client_send(c,
                "{\"jsonrpc\":\"2.0\",\"id\":\"silence\",\"method\":\"call.wait\",\"params\":[0]}");
    client_expect(c, "{\"jsonrpc\":\"2.0\",\"id\":\"silence\",\"result\":null}");
}

cJSON *client_json(struct client *c)
{
    const char *line = client_line(c);
    cJSON *json;

    cr_assert_not_null(line, "the stream ended, expected an answer");
    json = cJSON_Parse(line);
    cr_assert_not_null(json, "not JSON: %.200s", line);
    return json;
}

cJSON *client_call(struct client *c, const char *method, const char *params)
{
    int id = c->next_id++;
    cJSON *answer;
    const cJSON *got;

    if (params != NULL)
        client_sendf(c, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":%s}", id,
                     method, params);
    else
        client_sendf(c, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\"}", id, method);
    answer = client_json(c);
    got = cJSON_GetObjectItemCaseSensitive(answer, "id");
    cr_assert(cJSON_IsNumber(got) && got->valuedouble == id, "an answer to something else");
    return answer;
}

cJSON *call_ok(struct client *c, const char *method, const char *params)
{
    cJSON *answer = client_call(c, method, params);
    cJSON *result = cJSON_DetachItemFromObjectCaseSensitive(answer, "result");
    char *text = cJSON_PrintUnformatted(answer);

    cr_assert_not_null(result, "%s %s failed: %.*s", method, params != NULL ? params : "",
                       LINE_SHOWN, text);
    cJSON_free(text);
    cJSON_Delete(answer);
    return result;
}

void call_done_ok(struct client *c, const char *method, const char *params)
{
    cJSON_Delete(call_ok(c, method, params));
}

int64_t call_int(struct client *c, const char *method, const char *params, const char *member)
{
    cJSON *result = call_ok(c, method, params);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(result, member);
    int64_t value;

    cr_assert(cJSON_IsNumber(item), "%s gave no number %s", method, member);
    value = (int64_t)item->valuedouble;
    cJSON_Delete(result);
    return value;
}

size_t call_size(struct client *c, const char *method, const char *params)
{
    cJSON *result = call_ok(c, method, params);
    char *text = cJSON_PrintUnformatted(result);
    size_t size = strlen(text);

    cJSON_free(text);
    cJSON_Delete(result);
    return size;
}

void call_expect(struct client *c, const char *method, const char *params, const char *result)
{
    cJSON *got = call_ok(c, method, params);
    char *text = cJSON_PrintUnformatted(got);

    cr_assert_str_eq(text, result, "%s %s gave %s, expected %s", method,
                     params != NULL ? params : "", text, result);
    cJSON_free(text);
    cJSON_Delete(got);
}

void call_fails(struct client *c, const char *method, const char *params, int code,
                const char *word)
{
    cJSON *answer = client_call(c, method, params);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    const cJSON *got = cJSON_GetObjectItemCaseSensitive(error, "code");
    char *text = cJSON_PrintUnformatted(answer);

    cr_assert(cJSON_IsNumber(got) && got->valueint == code, "%s %s: expected error %d, got %.*s",
              method, params != NULL ? params : "", code, LINE_SHOWN, text);
    cr_assert(word == NULL || strstr(text, word) != NULL, "%s: no '%s' in %.*s", method, word,
              LINE_SHOWN, text);
    cr_assert(cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(
                  cJSON_GetObjectItemCaseSensitive(error, "data"), "why")),
              "no reasons in %.*s", LINE_SHOWN, text);
    cJSON_free(text);
    cJSON_Delete(answer);
}

const char *text_of(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return buf;
}
