namespace Quota.Bench;

/// <summary>Disposes of everything that was added, last first.</summary>
internal sealed class DisposableList : IDisposable
{
    private readonly Stack<IDisposable> _items = new();

    public T Add<T>(T item)
        where T : IDisposable
    {
        _items.Push(item);
        return item;
    }

    public void Dispose()
    {
        while (_items.TryPop(out IDisposable? item))
        {
            item.Dispose();
        }
    }
}
