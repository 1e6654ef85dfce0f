using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Native;

/// <summary>The limit that refused a check, as every protocol names it; empty where none did.</summary>
internal static class DecidingLimit
{
    /// <summary>The limit's name in UTF-8.</summary>
    public static ReadOnlySpan<byte> Name(Decision decision) =>
        HasRefused(decision) ? decision.LimitOf(decision.Results[decision.DecidingResult]).NameUtf8 : default;

    /// <summary>The key of the parent whose limit it is; empty if it is the key's own, or the namespace's.</summary>
    public static ReadOnlySpan<byte> Key(Decision decision) =>
        HasRefused(decision) ? decision.KeyOf(decision.Results[decision.DecidingResult].Level) : default;

    private static bool HasRefused(Decision decision) => !decision.Allowed && decision.DecidingResult >= 0;
}
