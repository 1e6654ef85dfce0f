namespace Quota.Grains.Model;

/// <summary>What a settlement above its reservation does on a limit. APPEND-ONLY: stored with definitions.</summary>
public enum OverrunPolicy : byte
{
    /// <summary>The true cost is counted, also beyond the amount.</summary>
    Count = 0,

    /// <summary>The limit counts at most up to its amount; usage is the true cost all the same.</summary>
    Cap = 1,

    /// <summary>The settlement is refused while the limit has no room for it.</summary>
    Refuse = 2,
}
