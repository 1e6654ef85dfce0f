using System.Text;

namespace Quota.Silo.Catalog;

/// <summary>
/// A key with a definition, for as long as it has one. What is defined is swapped by reference: a reader takes
/// <see cref="Current"/> once and keeps to it.
/// </summary>
public sealed class KeyState
{
    private volatile KeyModel _current;

    public KeyState(string name, KeyModel initial)
        : this(Encoding.UTF8.GetBytes(name), initial)
    {
    }

    internal KeyState(byte[] nameUtf8, KeyModel initial)
    {
        NameUtf8 = nameUtf8;
        _current = initial;
    }

    /// <summary>The key in UTF-8.</summary>
    public byte[] NameUtf8 { get; }

    public KeyModel Current => _current;

    /// <summary>Puts a new definition in force for every request that begins after this.</summary>
    public void Swap(KeyModel next) => _current = next;
}
