// The program of starter_main.cpp, byte for byte, between two symbols.
    .section .rodata

    .global quartet_starter_begin, quartet_starter_end
quartet_starter_begin:
    .incbin "quartet_starter"
quartet_starter_end:

    .section .note.GNU-stack, "", %progbits
