using System.Buffers.Binary;

namespace Quota.Silo.Execution;

/// <summary>What every record (block kinds 3 to 6) begins with: the instant, i64 ns of the window scale, from which it may be forgotten.</summary>
internal static class RecordHead
{
    public const int Bytes = 8;

    /// <summary>A record that is not to be forgotten as it is.</summary>
    public const long Never = long.MaxValue;

    /// <summary>What a deleted block becomes: a record that may be forgotten at once.</summary>
    public static ReadOnlySpan<byte> Tombstone => [0, 0, 0, 0, 0, 0, 0, 0];

    public static bool IsTombstone(ReadOnlySpan<byte> state) => state.Length == Bytes;

    public static long ForgetAtNs(ReadOnlySpan<byte> state) => BinaryPrimitives.ReadInt64LittleEndian(state);

    public static void Write(Span<byte> state, long forgetAtNs) => BinaryPrimitives.WriteInt64LittleEndian(state, forgetAtNs);
}
