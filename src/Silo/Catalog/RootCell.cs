namespace Quota.Silo.Catalog;

/// <summary>
/// A namespace's root level, for as long as the namespace exists. Giving the namespace a plan, or taking it away, swaps
/// <see cref="Root"/>, which puts it in force for all of its keys at once.
/// </summary>
internal sealed class RootCell
{
    private volatile KeyState? _root;

    /// <summary>The namespace as a level that counts, or null if it has no plan.</summary>
    public KeyState? Root
    {
        get => _root;
        set => _root = value;
    }
}
