#include "bench.h"
int bench_spawn(struct arena *a){(void)a;return 0;}
int bench_agents(struct arena *a){(void)a;return 0;}
int bench_idle(struct arena *a){(void)a;return 0;}
