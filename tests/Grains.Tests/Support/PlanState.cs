using Quota.Grains.Model;

namespace Quota.Grains.Tests.Support;

/// <summary>The blocks of one key: the shared one, and one per limit that counts per attribute value (of a single value).</summary>
internal sealed class PlanState(PlanModel plan) : IGrainState
{
    private readonly byte[] _shared = new byte[plan.Layout.SizeBytes];
    private readonly byte[]?[] _per = [.. plan.Limits.Select((_, i) => IsPer(plan, i) ? new byte[plan.PerLayout(i).SizeBytes] : null)];

    public Span<byte> Counter(int limitIndex) => _per[limitIndex] is byte[] own
        ? own
        : _shared.AsSpan(plan.Offset(limitIndex), plan.Limits[limitIndex].Shape.SizeBytes);

    /// <summary>Every byte, for comparison.</summary>
    public byte[] Snapshot() => [.. _shared, .. _per.SelectMany(b => b ?? [])];

    /// <summary>Counts a kept decision as a journal's replay does: by layouts alone.</summary>
    public void Replay(uint mask, long cost, in Instant now)
    {
        uint shared = 0;
        for (int i = 0; i < plan.Limits.Length; i++)
        {
            if ((mask >> i & 1) == 0)
            {
                continue;
            }
            if (_per[i] is byte[] own)
            {
                Grain.CountBlock(plan.PerLayout(i), own, 1, cost, now);
            }
            else
            {
                shared |= 1u << i;
            }
        }
        Grain.CountBlock(plan.Layout, _shared, shared, cost, now);
    }

    public PlanState Copy()
    {
        var copy = new PlanState(plan);
        _shared.CopyTo(copy._shared, 0);
        for (int i = 0; i < _per.Length; i++)
        {
            _per[i]?.CopyTo(copy._per[i]!, 0);
        }
        return copy;
    }

    private static bool IsPer(PlanModel plan, int index) => (plan.PerMask >> index & 1) != 0;
}
