/* SPDX-License-Identifier: MIT */
/* A disk that fails on demand: an SQLite VFS over the default one. */
#ifndef TESTS_CONTRACT_FAULTS_H
#define TESTS_CONTRACT_FAULTS_H

/** Make it the default VFS of this process. */
void faults_install(void);

/** From now on every write (sync) answers this SQLite code; 0 heals. */
void faults_write(int code);
void faults_sync(int code);

/** How often a file was synced since the start. */
int faults_sync_count(void);

#endif
