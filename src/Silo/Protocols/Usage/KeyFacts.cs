using System.Text;
using Quota.Grains.Model;
using Quota.Silo.Catalog;

namespace Quota.Silo.Protocols.Usage;

/// <summary>What the catalog says now about a key whose usage is asked for.</summary>
/// <param name="IsDefined">Whether it has a definition.</param>
/// <param name="Billing">The calendar it is billed by.</param>
/// <param name="Parent">The key above it; empty if there is none or it is the namespace.</param>
/// <param name="Labels">Its labels.</param>
internal readonly record struct KeyFacts(bool IsDefined, BillingModel Billing, string Parent, IReadOnlyList<KeyValuePair<string, string>> Labels)
{
    public static KeyFacts Of(NamespaceModel home, ReadOnlySpan<byte> key)
    {
        BillingModel billing = home.BillingOf(key);
        if (key.IsEmpty || !home.Keys.TryGet(key, out KeyState? state))
        {
            return new KeyFacts(key.IsEmpty && home.Root is not null, billing, "", []);
        }
        KeyModel model = state.Current;
        return new KeyFacts(true, billing, model.Parent is { } parent ? Encoding.UTF8.GetString(parent.NameUtf8) : "", model.Labels);
    }

    /// <summary>Whether the labels have exactly these values.</summary>
    public bool Match(IEnumerable<KeyValuePair<string, string>> wanted)
    {
        foreach (KeyValuePair<string, string> label in wanted)
        {
            if (!Labels.Contains(label))
            {
                return false;
            }
        }
        return true;
    }
}
