namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// How often blocks were asked for in the store of late, in fixed memory: a row of counters that blocks share by their hash. Two
/// blocks on one counter make both look hotter than they are, which at most costs a lease too many.
/// <para>Safe for concurrent use: a count may be lost to a race, which makes a block look a little colder.</para>
/// </summary>
/// <param name="slots">Counters in the row.</param>
internal sealed class DemandSketch(int slots = DemandSketch.SlotsDefault)
{
    /// <summary>Enough for as many hot blocks as one silo has: 1.5 MB.</summary>
    public const int SlotsDefault = 1 << 16;

    private readonly Slot[] _slots = new Slot[slots];

    /// <summary>Notes a check.</summary>
    public void Note(ReadOnlySpan<byte> blockId, long nowNs)
    {
        ref Slot slot = ref At(blockId);
        Turn(ref slot, nowNs);
        slot.Checks++;
    }

    /// <summary>Checks in between one and two seconds before now.</summary>
    public long Recent(ReadOnlySpan<byte> blockId, long nowNs)
    {
        ref Slot slot = ref At(blockId);
        Turn(ref slot, nowNs);
        return slot.Checks + slot.ChecksBefore;
    }

    private static void Turn(ref Slot slot, long nowNs)
    {
        long second = nowNs / 1_000_000_000;
        long passed = second - slot.Second;
        if (passed <= 0)
        {
            return;
        }
        slot.ChecksBefore = passed == 1 ? slot.Checks : 0;
        (slot.Second, slot.Checks) = (second, 0);
    }

    private ref Slot At(ReadOnlySpan<byte> blockId) => ref _slots[KeyHash.Compute(blockId) % (uint)_slots.Length];

    private struct Slot
    {
        public long Second;
        public long Checks;
        public long ChecksBefore;
    }
}
