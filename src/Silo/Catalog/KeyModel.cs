using System.Text;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog;

/// <summary>
/// What is defined of a key. Immutable but for two references that follow what the key is defined by: <see cref="Plan"/> is the
/// newest form of its plan, and <see cref="Above"/> of a key without a parent the newest root of its namespace. Kept small,
/// because a silo may know a million keys; the note and whatever else no decision needs is in the store only.
/// </summary>
public sealed class KeyModel
{
    private readonly byte[] _nameUtf8;
    private readonly RootCell? _home;
    private readonly KeyState? _parent;

    /// <summary>A key on a plan that never changes.</summary>
    public KeyModel(string name, PlanModel plan)
        : this(Encoding.UTF8.GetBytes(name), new PlanCell(plan), null, null)
    {
    }

    internal KeyModel(byte[] nameUtf8, PlanCell plan, RootCell? home, KeyState? parent)
    {
        _nameUtf8 = nameUtf8;
        Cell = plan;
        _home = home;
        _parent = parent;
    }

    /// <summary>The key's name; made anew from its UTF-8 each time.</summary>
    public string Name => Encoding.UTF8.GetString(_nameUtf8);

    /// <summary>The plan in force for the key: its own overrides and billing calendar included.</summary>
    public PlanModel Plan => Cell.Current;

    /// <summary>The level above the key that counts with it: its parent, or the namespace if that has a plan; null if neither.</summary>
    public KeyState? Above
    {
        get => _parent ?? _home?.Root;
        init => _parent = value;
    }

    /// <summary>The key above it, without the namespace's root.</summary>
    public KeyState? Parent => _parent;

    public KeyStatus Status { get; init; }

    /// <summary>Names and values that its owner gave the key, ascending by name; for filters of lists.</summary>
    public KeyValuePair<string, string>[] Labels { get; init; } = [];

    internal PlanCell Cell { get; }
}
