namespace Quota.Silo.Execution.Local;

/// <summary>What a shard knows of one block besides its bytes. 32 bytes.</summary>
internal struct BlockEntry
{
    public ulong Hash;

    /// <summary>Where the block is in the shard's heap: its counters, then its id. 0: the entry is free.</summary>
    public uint Reference;

    /// <summary>Next free entry, or the time of the last touch in seconds of the window scale.</summary>
    public uint TouchedSeconds;

    /// <summary>Layout of the counters, as an index of the <see cref="LayoutRegistry"/>.</summary>
    public int Layout;

    public ushort IdLength;

    public int StateLength;

    public BlockFlags Flags;
}
