namespace Quota.Grains.Model;

/// <summary>Whether a limit refuses, or only shows what it would have refused.</summary>
public enum LimitMode : byte
{
    /// <summary>The limit refuses what does not fit.</summary>
    Enforce = 0,

    /// <summary>The limit counts what fits and reports what does not, and refuses nothing.</summary>
    Shadow = 1,
}
