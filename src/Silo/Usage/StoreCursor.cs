using Quota.Silo.Store;

namespace Quota.Silo.Usage;

/// <summary>Walks the blocks of one prefix in order, a bounded page at a time. Not thread-safe.</summary>
internal sealed class StoreCursor
{
    private readonly IGrainStore _store;
    private readonly byte[] _prefix;
    private readonly Func<long> _stamp;
    private IReadOnlyList<(byte[] Id, StoredGrain Grain)> _page = [];
    private int _position;
    private byte[] _after;
    private bool _isLast;

    /// <param name="store">Read from.</param>
    /// <param name="prefix">Of the ids; what follows it in an id is the key.</param>
    /// <param name="afterKey">Begin after the block of this key; null for the first.</param>
    /// <param name="stamp">Read before every page; see <see cref="Stamp"/>.</param>
    public StoreCursor(IGrainStore store, byte[] prefix, byte[]? afterKey, Func<long> stamp)
    {
        _store = store;
        _prefix = prefix;
        _stamp = stamp;
        _after = afterKey is null ? [] : [.. prefix, .. afterKey];
    }

    /// <summary>What the stamp was before the page with the current block was read.</summary>
    public long Stamp { get; private set; }

    /// <summary>Whether the block of the current key is one: after <see cref="FillAsync"/>.</summary>
    public bool IsAtEnd => _position == _page.Count;

    /// <summary>The key of the current block.</summary>
    public ReadOnlyMemory<byte> Key => _page[_position].Id.AsMemory(_prefix.Length);

    public StoredGrain Grain => _page[_position].Grain;

    /// <summary>Reads the next page if the current one is used up.</summary>
    public async ValueTask FillAsync(int pageRows, CancellationToken cancellation)
    {
        if (!IsAtEnd || _isLast)
        {
            return;
        }
        Stamp = _stamp();
        _page = await _store.ScanAsync(_prefix, _after, pageRows, cancellation).ConfigureAwait(false);
        _position = 0;
        _isLast = _page.Count < pageRows;
        if (_page.Count > 0)
        {
            _after = _page[^1].Id;
        }
    }

    /// <summary>Goes to the next block.</summary>
    public void Advance() => _position++;
}
