/* SPDX-License-Identifier: MIT */
/* OCI image layouts: directories and tar files, sound ones and others. */
#include "tests/contract/bed.h"
#include "tests/contract/pack.h"

#include <archive.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 700, TEXT_SIZE = 2000 };

static struct bed bed; /* each test has a process of its own */
static struct bed *const b = &bed;

/** A path in the layout; good until the next call. */
static const char *at(const char *name)
{
    static char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/%s", b->db, name);
    return path;
}

static void put_text(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");

    cr_assert(f != NULL && fputs(text, f) >= 0);
    (void)fclose(f);
}

static void put_layer(const char *name, const char *filter, const char *const (*files)[2])
{
    struct archive *a = pack_begin(at(name), "pax", filter);

    for (; (*files)[0] != NULL; files++)
        pack_file(a, (*files)[0], S_IFREG | 0644, (*files)[1], strlen((*files)[1]));
    pack_end(a);
}

static const char manifest[] =
    "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:c0\"},\"layers\":["
    "{\"digest\":\"sha256:1a\"},{\"digest\":\"sha256:2b\"}]}";

/** A layout of two layers, and of an image for another machine. */
static void make_layout(void)
{
    static const char *const lower[][2] = {{"etc/motd", "lower"}, {"etc/gone", "1"},
                                           {"dir/old/file", "2"}, {"keep", "3"},
                                           {".wh.odd", "4"},      {NULL, NULL}};
    static const char *const upper[][2] = {{"etc/motd", "upper"},  {"etc/.wh.gone", ""},
                                           {"dir/new", "5"},       {"dir/.wh..wh..opq", ""},
                                           {"none/.wh.thing", ""}, {NULL, NULL}};

    bed_init(b, "archivefs");
    IS(mkdir(b->db, 0755), 0);
    IS(mkdir(at("blobs"), 0755), 0);
    IS(mkdir(at("blobs/sha256"), 0755), 0);
    put_text("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    put_text("index.json",
             "{\"manifests\":[{\"digest\":\"sha256:dead\",\"platform\":{\"os\":\"linux\","
             "\"architecture\":\"arm64\"}},{\"digest\":\"sha256:abc\",\"platform\":{\"os\":"
             "\"linux\",\"architecture\":\"amd64\"}}]}");
    put_text("blobs/sha256/abc", manifest);
    put_layer("blobs/sha256/1a", "gzip", lower);
    put_layer("blobs/sha256/2b", "zstd", upper);
}

static void check_image(void)
{
    cr_assert_str_eq(names_of(b, "/"), " dir etc keep");
    cr_assert_str_eq(names_of(b, "/etc"), " motd");
    cr_assert_str_eq(names_of(b, "/dir"), " new");
    cr_assert(file_is(b, "/etc/motd", "upper", 5));
    cr_assert(file_is(b, "/keep", "3", 1));
    cr_assert(file_is(b, "/dir/new", "5", 1));
}

/** Put the layout into a tar file, in its place. */
static void pack_layout(const char *how)
{
    char command[TEXT_SIZE];

    (void)snprintf(command, sizeof(command),
                   "cd %s && tar c%sf ../t oci-layout index.json blobs && rm -r oci-layout "
                   "index.json blobs && cd .. && rmdir %s && mv t %s",
                   b->db, how, b->db, b->db);
    IS(system(command), 0);
}

Test(archivefs_oci, a_directory)
{
    make_layout();
    IS(bed_open(b, NULL), 0);
    check_image();
    bed_done(b);
}

Test(archivefs_oci, a_tar_file)
{
    make_layout();
    pack_layout("");
    IS(bed_open(b, NULL), 0);
    check_image();
    bed_done(b);
}

/** What is compressed as a whole is an archive like any other. */
Test(archivefs_oci, a_compressed_tar_file)
{
    make_layout();
    pack_layout("z");
    IS(bed_open(b, NULL), 0);
    cr_assert_str_eq(names_of(b, "/"), " blobs index.json oci-layout");
    cr_assert(file_is(b, "/blobs/sha256/abc", manifest, strlen(manifest)));
    bed_done(b);
}

Test(archivefs_oci, an_index_in_an_index)
{
    make_layout();
    put_text("index.json", "{\"manifests\":[{\"digest\":\"sha256:11\"}]}");
    put_text("blobs/sha256/11", "{\"manifests\":[{\"digest\":\"sha256:abc\"}]}");
    IS(bed_open(b, NULL), 0);
    check_image();
    bed_done(b);
}

static void refused(const char *name, const char *text, const char *why)
{
    put_text(name, text);
    IS(bed_open(b, NULL), -EIO);
    cr_assert(bed_why(b, why), "%s: %s", text, b->why.text[0]);
}

Test(archivefs_oci, images_that_are_none_EIO)
{
    static const char one[] = "{\"manifests\":[{\"digest\":\"sha256:abc\"}]}";

    make_layout();
    refused("index.json", "{", "not JSON");
    refused("index.json", "[]", "neither layers nor manifests");
    refused("index.json", "{\"manifests\":[]}", "neither layers nor manifests");
    refused("index.json", "{\"manifests\":[3]}", "no digest");
    refused("index.json", "{\"manifests\":[{\"digest\":\"sha256\"}]}", "a digest that is none");
    refused("index.json", "{\"manifests\":[{\"digest\":\"../..:/etc/passwd\"}]}", "that is none");
    refused("index.json", "{\"manifests\":[{\"digest\":\"sha256:../abc\"}]}", "that is none");
    refused("index.json", "{\"manifests\":[{\"digest\":\"sha256:77\"}]}",
            "no file blobs/sha256/77");
    refused("blobs/sha256/abc", one, "");
    refused("index.json", one, "too many indexes in one another");
    refused("blobs/sha256/abc",
            "{\"layers\":[{\"digest\":\"sha256:1a\"},{\"digest\":\"sha256:9\"}]}",
            "no file blobs/sha256/9");
    put_text("blobs/sha256/2b", "not an archive");
    refused("blobs/sha256/abc", manifest, "Unrecognized archive format");
    bed_done(b);
}

/** A layout's files are regular ones in it. */
Test(archivefs_oci, links_and_pipes_are_not_followed)
{
    make_layout();
    IS(unlink(at("blobs/sha256/2b")), 0);
    IS(symlink("1a", at("blobs/sha256/2b")), 0);
    IS(bed_open(b, NULL), -EIO);
    IS(unlink(at("blobs/sha256/2b")), 0);
    IS(mkfifo(at("blobs/sha256/2b"), 0666), 0);
    IS(bed_open(b, NULL), -EIO);
    cr_assert(bed_why(b, "no file blobs/sha256/2b"));
    bed_done(b);
}

/** A document of 4 MiB is read; one byte more is not. */
Test(archivefs_oci, documents_have_a_size)
{
    FILE *f;

    make_layout();
    IS(truncate(at("blobs/sha256/abc"), 0), 0);
    f = fopen(at("blobs/sha256/abc"), "w");
    (void)fprintf(f, "%*s%s", (4 << 20) - (int)strlen(manifest), "", manifest);
    (void)fclose(f);
    IS(bed_open(b, NULL), 0);
    bed_close(b);
    f = fopen(at("blobs/sha256/abc"), "a");
    (void)fputs(" ", f);
    (void)fclose(f);
    IS(bed_open(b, NULL), -EIO);
    cr_assert(bed_why(b, "too big"));
    bed_done(b);
}

/** A helper has 256 sources: each layer is one. */
Test(archivefs_oci, layers_have_a_number)
{
    static char text[256 * 32];
    size_t len;

    for (int count = 256; count <= 257; count++) {
        make_layout();
        len = (size_t)snprintf(text, sizeof(text), "{\"layers\":[");
        for (int i = 0; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{\"digest\":\"sha256:1a\"}",
                                    i > 0 ? "," : "");
        (void)snprintf(text + len, sizeof(text) - len, "]}");
        put_text("blobs/sha256/abc", text);
        IS(bed_open(b, NULL), count == 256 ? 0 : -EIO);
        cr_assert(count == 256 || bed_why(b, "too many layers"));
        bed_done(b);
    }
}
