namespace Quota.Silo.Execution.Local;

/// <summary>One part of a <see cref="DecisionRecord"/>, read in place.</summary>
internal ref struct DecisionPart
{
    public int Flags;
    public int Unit;
    public uint Mask;
    public long Cost;

    /// <summary>The block's id; empty for the block of the part before.</summary>
    public ReadOnlySpan<byte> Id;

    /// <summary>Layout of <see cref="State"/>, if there is an image.</summary>
    public ulong LayoutId;

    public ReadOnlySpan<byte> State;

    public readonly bool HasImage => (Flags & (DecisionRecord.ImageFlag | DecisionRecord.RecordFlag)) != 0;

    public readonly bool IsRecord => (Flags & DecisionRecord.RecordFlag) != 0;

    public readonly bool IsHeld => (Flags & DecisionRecord.HeldFlag) != 0;

    public readonly bool IsRolledUp => (Flags & DecisionRecord.RolledUpFlag) != 0;
}
