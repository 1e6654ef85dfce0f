using System.Buffers.Binary;
using Quota.Grains;

namespace Quota.Silo.Journal;

/// <summary>
/// Records in memory, laid out as the payload of a frame, with room for a frame's header before them: a frame is written from
/// here without copying. Not safe for concurrent use; <see cref="PendingRecords"/> hands it from the appenders to the writer.
/// </summary>
internal sealed class PendingBatch
{
    /// <summary>Where the records begin.</summary>
    public const int Start = FrameHeader.Bytes;

    public PendingBatch(int capacityBytes)
    {
        Bytes = GC.AllocateUninitializedArray<byte>(capacityBytes, pinned: true);
    }

    public byte[] Bytes { get; }

    /// <summary>Where the records end.</summary>
    public int End { get; private set; } = Start;

    public int Records { get; private set; }

    /// <summary>Bytes in segments that were promised to these records.</summary>
    public long PromisedBytes { get; private set; }

    /// <summary>The position of the last record.</summary>
    public long LastPosition { get; private set; }

    public bool HasRoomFor(int recordBytes) => Bytes.Length - End >= FrameHeader.LengthPrefixBytes + recordBytes;

    public void Add(ReadOnlySpan<byte> record, long promisedBytes, long position)
    {
        Span<byte> free = Bytes.AsSpan(End);
        BinaryPrimitives.WriteInt32LittleEndian(free, record.Length);
        record.CopyTo(free[FrameHeader.LengthPrefixBytes..]);
        End += FrameHeader.LengthPrefixBytes + record.Length;
        Records++;
        PromisedBytes += promisedBytes;
        LastPosition = position;
    }

    /// <summary>The longest run of whole records from <paramref name="start"/> that is not longer than <paramref name="bytesMax"/>.</summary>
    public (int Bytes, int Records) Fit(int start, int recordsLeft, long bytesMax)
    {
        if (End - start <= bytesMax)
        {
            return (End - start, recordsLeft);
        }
        int bytes = 0;
        int records = 0;
        while (true)
        {
            Invariant.Check(start + bytes < End);
            int next = FrameHeader.LengthPrefixBytes + BinaryPrimitives.ReadInt32LittleEndian(Bytes.AsSpan(start + bytes));
            if (bytes + next > bytesMax)
            {
                return (bytes, records);
            }
            bytes += next;
            records++;
        }
    }

    public void Clear()
    {
        End = Start;
        Records = 0;
        PromisedBytes = 0;
    }
}
