using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>The definition of one key, within bounds; the plan and the parent it names are not looked up yet.</summary>
internal sealed record KeyConfig
{
    public required string Plan { get; init; }

    public string? Parent { get; init; }

    /// <summary>Limits instead of those of the plan that have the same name.</summary>
    public IReadOnlyList<LimitModel> Overrides { get; init; } = [];

    /// <summary>The same text for the same overrides, and only for these; empty if there are none.</summary>
    public string OverridesIdentity { get; init; } = "";

    public KeyStatus Status { get; init; }

    /// <summary>Ascending by name.</summary>
    public KeyValuePair<string, string>[] Labels { get; init; } = [];

    /// <summary>Time zone of the key's billing months, or empty: the namespace's.</summary>
    public string Zone { get; init; } = "";

    /// <summary>First day of the key's billing months, or 0: the namespace's.</summary>
    public int AnchorDay { get; init; }
}
