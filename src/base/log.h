/*
 * Logging for operators: one record a line on stderr, level, message, key=value pairs. Control
 * bytes are escaped, so a record can forge neither a line nor a level. Rooms below the engine
 * return errors instead of logging them; whoever handles an error logs it, once.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
/* JSON lines instead of text. */
void log_set_json(int on);
/* The level called NAME, or -1. */
int log_level_parse(const char *name);
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
