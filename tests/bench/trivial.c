/* The least a program can be: what it costs to spawn one is a floor of every chain. */
int main(void) {
  return 0;
}
