#include "ring.h"

#include <stdio.h>

int main(void)
{
	struct ring r = { .head = 0 };
	int sample;

	while (scanf("%d", &sample) == 1)
		if (!ring_push(&r, sample) && ring_pop(&r, &(int){ 0 }))
			ring_push(&r, sample);
	printf("%ld\n", ring_sum(&r));
	return 0;
}
