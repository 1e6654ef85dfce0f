using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Memory for blocks of similar size, in chunks that hold no references, so that the garbage collector never looks inside. A
/// reference is a number; 0 is none. Freed slots are used again; chunks are kept. Not safe for concurrent use: each shard has its
/// own, under its lock.
/// </summary>
internal sealed class BlockHeap
{
    private const int SmallStep = 16;
    private const int SmallMax = 1024;
    private const int ChunkBytes = 16 * 1024;
    private const int SlotsPerChunkMin = 4;

    private readonly SizeClass?[] _classes = new SizeClass?[(SmallMax / SmallStep) + 1 + 16];

    /// <summary>Reserves at least <paramref name="size"/> bytes. Their content is undefined.</summary>
    public uint Allocate(int size)
    {
        int index = ClassOf(size, out int slotBytes);
        SizeClass sizeClass = _classes[index] ??= new SizeClass(slotBytes);
        return sizeClass.Allocate();
    }

    public void Free(uint reference, int size) => _classes[ClassOf(size, out _)]!.Free(reference);

    /// <summary>The bytes of an allocation of this size.</summary>
    public Span<byte> Get(uint reference, int size) => _classes[ClassOf(size, out _)]!.Get(reference, size);

    /// <summary>Up to 1 KiB in steps of 16 bytes; above, eight steps per doubling would waste less but no common plan is that large: powers of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ClassOf(int size, out int slotBytes)
    {
        if (size <= SmallMax)
        {
            int step = (size + SmallStep - 1) / SmallStep;
            slotBytes = step * SmallStep;
            return step;
        }
        Invariant.Check(size <= Bounds.GrainIdBytesMax + Bounds.GrainStateBytesMax);
        int log = BitOperations.Log2((uint)size - 1) + 1;
        slotBytes = 1 << log;
        return (SmallMax / SmallStep) + log - 10;
    }

    private sealed class SizeClass(int slotBytes)
    {
        private readonly int _slotsPerChunk = Math.Max(ChunkBytes / slotBytes, SlotsPerChunkMin);
        private byte[][] _chunks = [];
        private int _chunkCount;
        private uint _firstFree;
        private uint _next = 1;

        public uint Allocate()
        {
            if (_firstFree != 0)
            {
                uint reused = _firstFree;
                _firstFree = BinaryPrimitives.ReadUInt32LittleEndian(Get(reused, slotBytes));
                return reused;
            }
            if ((_next - 1) / (uint)_slotsPerChunk >= (uint)_chunkCount)
            {
                if (_chunkCount == _chunks.Length)
                {
                    Array.Resize(ref _chunks, Math.Max(4, _chunkCount * 2));
                }
                _chunks[_chunkCount++] = GC.AllocateUninitializedArray<byte>(_slotsPerChunk * slotBytes);
            }
            return _next++;
        }

        public void Free(uint reference)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(Get(reference, slotBytes), _firstFree);
            _firstFree = reference;
        }

        public Span<byte> Get(uint reference, int size)
        {
            (uint chunk, uint slot) = Math.DivRem(reference - 1, (uint)_slotsPerChunk);
            return _chunks[chunk].AsSpan((int)slot * slotBytes, size);
        }
    }
}
