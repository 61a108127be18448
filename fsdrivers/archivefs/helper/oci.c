/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/helper/oci.h"

#include "fsdrivers/archivefs/helper/entries.h"
#include "server/base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAR_BLOCK = 512, TAR_TYPE = 156, HEADERS_MAX = 8, NESTING_MAX = 32, VALUES_MAX = 100000 };

/* ---- Finding one in a tar file ---- */

/** The name of an entry without "./" before it. */
static const char *plain_name(struct archive_entry *e)
{
    const char *name = archive_entry_pathname(e);

    if (name != NULL && strncmp(name, "./", 2) == 0)
        name += 2;
    return name;
}

/** Whether a layout can have an entry of this name. */
static bool belongs(const char *name)
{
    static const char *const names[] = {"",      "oci-layout", "index.json",  "manifest.json",
                                        "blobs", "blobs/",     "repositories"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return strncmp(name, "blobs/", 6) == 0;
}

/** Where the content of a tar entry begins: behind its headers. Returns -1: it can't be told. */
static int64_t content_place(const struct source *s, int64_t place)
{
    for (int i = 0; i < HEADERS_MAX; i++) {
        char block[TAR_BLOCK];
        char size[13] = "";
        char *end;
        long more;

        if (pread(s->fd, block, sizeof(block), (off_t)(s->base + place)) != TAR_BLOCK)
            return -1;
        place += TAR_BLOCK;
        if (strchr("xgLK", block[TAR_TYPE]) == NULL || block[TAR_TYPE] == '\0')
            return place;
        memcpy(size, block + 124, 12);
        more = strtol(size, &end, 8);
        if (end == size || more < 0 || more > OCI_DOCUMENT_MAX)
            return -1;
        place += (more + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    }
    return -1;
}

/** Note a file. Returns whether it could be. */
static bool note_blob(struct oci *oci, const char *name, struct archive_entry *e, int64_t place)
{
    struct oci_blob *b = &oci->blobs[oci->count];
    const int64_t size = archive_entry_size(e);

    if (oci->count == OCI_BLOBS_MAX || strlen(name) > WIRE_NAME_MAX || size < 0 || place < 0 ||
        place > oci->tar->size || size > oci->tar->size - place)
        return false;
    (void)strcpy(b->name, name);
    b->place = place;
    b->size = size;
    oci->count++;
    return true;
}

static const struct oci_blob *find_blob(const struct oci *oci, const char *name)
{
    for (size_t i = 0; i < oci->count; i++) {
        if (strcmp(oci->blobs[i].name, name) == 0)
            return &oci->blobs[i];
    }
    return NULL;
}

/** Note all files, up to the first that no layout has. Returns whether none was. */
static bool note_blobs(struct oci *oci, struct cursor *c)
{
    struct archive_entry *e;
    int found;

    while ((found = cursor_next(c, &e)) > 0) {
        const char *name = plain_name(e);

        if (name == NULL || !belongs(name) ||
            archive_filter_code(c->reader, 0) != ARCHIVE_FILTER_NONE ||
            (archive_format(c->reader) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR)
            return false;
        if (archive_entry_filetype(e) == AE_IFREG && archive_entry_hardlink(e) == NULL &&
            !note_blob(oci, name, e,
                       content_place(oci->tar, archive_read_header_position(c->reader))))
            return false;
    }
    return found == 0;
}

bool oci_find(struct answers *a, const struct source *tar, struct oci *out)
{
    struct cursor *c = answer_cursor(a);
    bool found;

    *out = (struct oci){.tar = tar, .blobs = calloc(OCI_BLOBS_MAX, sizeof(struct oci_blob))};
    found = out->blobs != NULL && cursor_open(c, tar, 0) == 0 && note_blobs(out, c) &&
            find_blob(out, "oci-layout") != NULL && find_blob(out, "index.json") != NULL;
    cursor_close(c);
    return found;
}

void oci_done(struct oci *oci)
{
    free(oci->blobs);
}

/* ---- Its files ---- */

/** Ask the driver for a file. Returns a descriptor; -1. */
static int want(struct answers *a, const char *name)
{
    const size_t len = strlen(name);
    struct wire_ask ask;
    int fd;

    memcpy(a->packet + sizeof(struct wire_head), name, len);
    a->len = sizeof(struct wire_head) + len;
    answer_flush(a, WIRE_WANT, 0, 0);
    if (!answer_next(a, &ask, &fd))
        _exit(0);
    if (ask.op == WIRE_FILE)
        return fd;
    a->early = ask; /* the driver has given up */
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/** Open a file. @out its descriptor belongs to it only in a directory. Returns 0; -EIO. */
static int open_file(struct answers *a, const struct oci *oci, const char *name, struct source *out)
{
    const struct oci_blob *b = find_blob(oci, name);
    char text[WIRE_TEXT_MAX + 1];
    int64_t size;
    int fd;

    if (b != NULL) {
        *out =
            (struct source){.fd = oci->tar->fd, .base = oci->tar->base + b->place, .size = b->size};
        return 0;
    }
    fd = oci->directory ? want(a, name) : -1;
    size = lseek(fd, 0, SEEK_END);
    if (size >= 0) {
        *out = (struct source){.fd = fd, .size = size};
        return 0;
    }
    (void)snprintf(text, sizeof(text), "the image has no file %.100s", name);
    return answer_fails(a, text);
}

/** Read a file whole. @out returned; free(). Returns 0; -EIO; -ENOMEM. */
static int read_file(struct answers *a, const struct oci *oci, const char *name, char **out,
                     size_t *len)
{
    struct source s;
    int err = open_file(a, oci, name, &s);

    if (err < 0)
        return err;
    *out = s.size <= OCI_DOCUMENT_MAX ? malloc((size_t)s.size + 1) : NULL;
    *len = (size_t)s.size;
    if (*out == NULL || pread(s.fd, *out, *len, (off_t)s.base) != (ssize_t)*len) {
        free(*out);
        err = answer_fails(a, "an index or manifest of the image is too big, or can't be read");
    }
    if (oci->directory)
        (void)close(s.fd);
    return err;
}

/* ---- Documents ---- */

/** The name of the file with the digest in an object. @out WIRE_NAME_MAX + 1 bytes. Returns 0; -EIO. */
static int digest_name(struct answers *a, const struct json_doc *doc, uint32_t object, char *out)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_=-";
    const uint32_t at = json_kind(doc, object) == JSON_OBJECT ? json_get(doc, object, "digest") : 0;
    const struct json_span s = at != 0 ? json_span(doc, at) : (struct json_span){"", 0};
    char text[WIRE_NAME_MAX];
    char *colon;

    if (s.len < 2 || s.len >= WIRE_NAME_MAX - 10 || json_kind(doc, at) != JSON_STRING)
        return answer_fails(a, "the image names no digest where one belongs");
    text[json_string(doc, at, text)] = '\0';
    colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == '\0')
        return answer_fails(a, "the image has a digest that is none");
    *colon = '\0';
    if (text[strspn(text, good)] != '\0' || colon[1 + strspn(colon + 1, good)] != '\0' ||
        snprintf(out, WIRE_NAME_MAX + 1, "blobs/%s/%s", text, colon + 1) > WIRE_NAME_MAX)
        return answer_fails(a, "the image has a digest that is none");
    return 0;
}

/** Whether a member of an object is this text. */
static bool member_is(const struct json_doc *doc, uint32_t object, const char *key,
                      const char *text)
{
    const uint32_t at = json_get(doc, object, key);

    return at != 0 && json_kind(doc, at) == JSON_STRING && json_is(doc, at, text);
}

/** The manifest to use of several: that of linux/amd64, or the first. Returns 0: there is none. */
static uint32_t choose(const struct json_doc *doc, uint32_t array)
{
    const uint32_t end = json_next(doc, array);

    for (uint32_t i = array + 1; i < end; i = json_next(doc, i)) {
        const uint32_t platform =
            json_kind(doc, i) == JSON_OBJECT ? json_get(doc, i, "platform") : 0;

        if (platform != 0 && json_kind(doc, platform) == JSON_OBJECT &&
            member_is(doc, platform, "os", "linux") &&
            member_is(doc, platform, "architecture", "amd64"))
            return i;
    }
    return array + 1 < end ? array + 1 : 0;
}

/** Send the layers that a manifest lists. Returns 0; -EIO; -ENOMEM. */
static int send_layers(struct answers *a, const struct oci *oci, const struct json_doc *doc,
                       uint32_t array)
{
    const uint32_t end = json_next(doc, array);
    int err = 0;

    for (uint32_t i = array + 1; err == 0 && i < end; i = json_next(doc, i)) {
        char name[WIRE_NAME_MAX + 1];
        struct source *s = answer_source(a);

        if (s == NULL)
            return answer_fails(a, "the image has too many layers");
        *s = (struct source){.fd = -1};
        err = digest_name(a, doc, i, name);
        if (err == 0)
            err = open_file(a, oci, name, s);
        if (err < 0)
            return err;
        answer_flush(a, WIRE_LAYER, 0, 0);
        err = entries_send(a, s, true);
    }
    return err;
}

/** Follow a document: send its layers, or find the name of the next one. Returns 1 done; 0; -EIO; -ENOMEM. */
static int follow(struct answers *a, const struct oci *oci, const struct json_doc *doc, char *name)
{
    const bool is_object = json_kind(doc, 0) == JSON_OBJECT;
    const uint32_t layers = is_object ? json_get(doc, 0, "layers") : 0;
    const uint32_t manifests = is_object ? json_get(doc, 0, "manifests") : 0;
    uint32_t chosen;
    int err;

    if (layers != 0 && json_kind(doc, layers) == JSON_ARRAY) {
        err = send_layers(a, oci, doc, layers);
        return err < 0 ? err : 1;
    }
    chosen = manifests != 0 && json_kind(doc, manifests) == JSON_ARRAY ? choose(doc, manifests) : 0;
    return chosen != 0 ? digest_name(a, doc, chosen, name)
                       : answer_fails(a, "the image has neither layers nor manifests");
}

int oci_send(struct answers *a, const struct oci *oci)
{
    const struct json_limits limits = {NESTING_MAX, VALUES_MAX};
    char name[WIRE_NAME_MAX + 1] = "index.json";
    int result = 0;

    for (int i = 0; result == 0 && i <= OCI_INDEXES_MAX; i++) {
        struct json_doc doc = JSON_DOC_INIT;
        struct json_error error;
        char *text;
        size_t len;

        result = read_file(a, oci, name, &text, &len);
        if (result < 0)
            break;
        if (json_read(&doc, text, len, &limits, &error) < 0)
            result = answer_fails(a, "an index or manifest of the image is not JSON");
        else
            result = follow(a, oci, &doc, name);
        json_doc_done(&doc);
        free(text);
    }
    if (result == 0)
        return answer_fails(a, "the image has too many indexes in one another");
    return result < 0 ? result : 0;
}
