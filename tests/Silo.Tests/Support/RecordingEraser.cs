using System.Text;
using Quota.Silo.Catalog;
using Quota.Silo.Definitions;

namespace Quota.Silo.Tests.Support;

/// <summary>Notes which keys it was told to erase, and can refuse.</summary>
internal sealed class RecordingEraser : IKeyEraser
{
    public List<string> Erased { get; } = [];

    /// <summary>Why it does not complete, or null.</summary>
    public string? Refusal { get; set; }

    /// <summary>Keys that another silo was seen to erase.</summary>
    public List<string> Released { get; } = [];

    public IReadOnlyList<string> Remains => [];

    public void Release(NamespaceModel owner, byte[] key) => Released.Add(Encoding.UTF8.GetString(key));

    public ValueTask<bool> KnowsAsync(NamespaceModel owner, byte[] key, CancellationToken cancellation) => new(false);

    public ValueTask<string?> EraseAsync(NamespaceModel owner, byte[] key, byte[] pseudonym, CancellationToken cancellation)
    {
        Erased.Add($"{Encoding.UTF8.GetString(key)} -> {Encoding.UTF8.GetString(pseudonym)}");
        return new(Refusal);
    }
}
