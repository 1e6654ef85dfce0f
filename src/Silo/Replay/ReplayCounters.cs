using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Replay;

/// <summary>The counters one request touches: the key's own block, and one block per limit that counts per attribute value.</summary>
internal readonly ref struct ReplayCounters(PlanModel plan, byte[] shared, byte[]?[] perValue) : IGrainState
{
    private readonly byte[]?[] _perValue = perValue;

    public Span<byte> Counter(int limitIndex) => _perValue[limitIndex] is { } block
        ? block
        : shared.AsSpan(plan.Offset(limitIndex), plan.Limits[limitIndex].Shape.SizeBytes);
}
