namespace Quota.Chaos.Table;

/// <summary>Which silos a situation happens to.</summary>
internal enum SiloSet
{
    /// <summary>Three with the machine's clock.</summary>
    Even,

    /// <summary>Three whose clocks are 0, 1 and 2 s ahead.</summary>
    Skewed,

    /// <summary>Five, of which one runs at first. Each case has five of its own.</summary>
    Growing,
}
