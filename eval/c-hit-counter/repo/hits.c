#include "hits.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long by_page[PAGES];
static unsigned long total;

static void *count(void *arg)
{
	const struct visits *v = arg;

	for (unsigned long i = 0; i < v->n; i++) {
		pthread_mutex_lock(&lock);
		by_page[v->page[i] % PAGES]++;
		pthread_mutex_unlock(&lock);
		total++;
	}
	return NULL;
}

/* Counts all visits of N lists, each in a thread of its own as far as there are threads. */
unsigned long hits_count(struct visits *lists, unsigned n)
{
	pthread_t threads[HITS_LISTS_MAX];
	unsigned started = 0;

	while (started < n && started < HITS_LISTS_MAX &&
	    pthread_create(&threads[started], NULL, count, &lists[started]) == 0)
		started++;
	for (unsigned i = started; i < n; i++)
		count(&lists[i]);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return total;
}

/* For after hits_count: no thread is left. */
unsigned long hits_of(unsigned page)
{
	return by_page[page % PAGES];
}
