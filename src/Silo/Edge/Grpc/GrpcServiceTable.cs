using System.Collections.Frozen;
using Quota.Grains;

namespace Quota.Silo.Edge.Grpc;

/// <summary>The registered services, by path. Immutable.</summary>
public sealed class GrpcServiceTable
{
    private readonly FrozenDictionary<string, GrpcMethod> _methods;

    /// <param name="services">Distinct by full name.</param>
    public GrpcServiceTable(IReadOnlyList<IGrpcService> services)
    {
        Invariant.Check(services.Select(s => s.FullName).Distinct(StringComparer.Ordinal).Count() == services.Count);
        Services = services;
        _methods = services
            .SelectMany(s => s.Methods.Select(m => KeyValuePair.Create($"/{s.FullName}/{m.Name}", m)))
            .ToFrozenDictionary(StringComparer.Ordinal);
    }

    public IReadOnlyList<IGrpcService> Services { get; }

    /// <summary>The method at <paramref name="path"/>, or null.</summary>
    public GrpcMethod? Find(string path) => _methods.GetValueOrDefault(path);

    /// <summary>What to tell a caller whose path names no method.</summary>
    public GrpcStatus Unknown(string path)
    {
        string[] parts = path.Split('/');
        string message = parts switch
        {
            ["", _, _] when Services.Any(s => s.FullName == parts[1]) => $"unknown method {parts[2]} of service {parts[1]}",
            ["", _, _] => $"unknown service {parts[1]}",
            _ => "the path of a call is /package.Service/Method",
        };
        return new GrpcStatus(GrpcStatusCode.Unimplemented, message);
    }
}
