/* Files of reports; descriptors or negative errnos. */
#ifndef REPORT_H
#define REPORT_H

int report_open(const char *dir, const char *name);
int report_scratch(const char *dir);

#endif
