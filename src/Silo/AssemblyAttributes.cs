using System.Runtime.CompilerServices;

// Buffers on the stack are written before they are read; clearing a kilobyte for each decision would cost more than deciding.
[module: SkipLocalsInit]
