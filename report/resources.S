// What report/page is built into, byte for byte, each between two symbols.
    .section .rodata

    .global quartet_page_begin, quartet_page_end
quartet_page_begin:
    .incbin "page.html"
quartet_page_end:

    .global quartet_charts_begin, quartet_charts_end
quartet_charts_begin:
    .incbin "charts.js"
quartet_charts_end:

    .global quartet_style_begin, quartet_style_end
quartet_style_begin:
    .incbin "charts.css"
quartet_style_end:

    .section .note.GNU-stack, "", %progbits
