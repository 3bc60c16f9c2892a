// A library that a program may load: where its body is.
extern "C" __attribute__((visibility("default"))) int thrice(int number) {
    return 3 * number;
}
