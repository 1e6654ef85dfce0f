using Quota.Grains;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Shared;

/// <summary>The instant of a batch: everything in it happens at once. Used by one thread at a time.</summary>
internal sealed class BatchClock : IClock
{
    public Instant Instant { get; set; }

    public Instant Now() => Instant;
}
