#include <stdio.h>

int main(void)
{
	puts("tutti " TUTTI_VERSION);
	return 0;
}
