namespace Quota.Silo.Catalog;

/// <summary>How many of a kind were added, removed and changed.</summary>
public readonly record struct ChangeCount(int Added, int Removed, int Changed)
{
    internal static readonly ChangeCount OneAdded = new(1, 0, 0);
    internal static readonly ChangeCount OneRemoved = new(0, 1, 0);
    internal static readonly ChangeCount OneChanged = new(0, 0, 1);

    public static ChangeCount operator +(ChangeCount a, ChangeCount b) => new(a.Added + b.Added, a.Removed + b.Removed, a.Changed + b.Changed);

    /// <summary>Such as <c>+1 -0 ~2</c>.</summary>
    public override string ToString() => $"+{Added} -{Removed} ~{Changed}";
}
