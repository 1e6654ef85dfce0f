using System.Text;

namespace Quota.Silo.Catalog;

/// <summary>
/// A key with a definition, for as long as it has one. What is defined is swapped by reference: a reader takes
/// <see cref="Current"/> once and keeps to it.
/// </summary>
public sealed class KeyState(string name, KeyModel initial)
{
    private volatile KeyModel _current = initial;

    /// <summary>The key in UTF-8.</summary>
    public byte[] NameUtf8 { get; } = Encoding.UTF8.GetBytes(name);

    public KeyModel Current => _current;

    /// <summary>Puts a new definition in force for every request that begins after this.</summary>
    public void Swap(KeyModel next) => _current = next;
}
