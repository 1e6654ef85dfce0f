using Google.Protobuf.Reflection;
using Quota.Contracts.Reflection.V1;
using Quota.Silo.Edge.Grpc;

namespace Quota.Silo.Protocols.Reflection;

/// <summary>
/// <c>grpc.reflection.v1.ServerReflection</c> from the descriptors of the registered services. A file is sent with the files it
/// imports, each once per stream. There are no extensions here.
/// </summary>
public sealed class ReflectionService : IGrpcService
{
    /// <summary>The service's name on the wire.</summary>
    public const string Name = "grpc.reflection.v1.ServerReflection";

    private readonly ListServiceResponse _services = new();
    private readonly SymbolIndex _symbols;

    /// <param name="others">All other services of the server.</param>
    public ReflectionService(IReadOnlyList<IGrpcService> others)
    {
        _services.Service.Add(others.Select(s => s.FullName).Append(Name).Order(StringComparer.Ordinal).Select(s => new ServiceResponse { Name = s }));
        _symbols = new SymbolIndex(others.Select(s => s.File).OfType<FileDescriptor>().Append(File));
        Methods = [new GrpcMethod("ServerReflectionInfo", GrpcMethodKind.Duplex, ServeAsync, GrpcAdmission.Stream)];
    }

    public string FullName => Name;

    public FileDescriptor File => Contracts.Reflection.V1.ReflectionReflection.Descriptor;

    public IReadOnlyList<GrpcMethod> Methods { get; }

    private async ValueTask<GrpcStatus> ServeAsync(IGrpcCall call)
    {
        HashSet<string> sent = new(StringComparer.Ordinal);
        while (true)
        {
            (ServerReflectionRequest? request, GrpcStatus status) = await call.ReadMessageAsync(ServerReflectionRequest.Parser).ConfigureAwait(false);
            if (request is null)
            {
                return status;
            }
            call.EndMessage(Answer(request, sent));
            await call.FlushAsync().ConfigureAwait(false);
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request, HashSet<string> sent)
    {
        ServerReflectionResponse response = new() { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = _services;
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                Files(response, _symbols.ByName(request.FileByFilename), sent);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                Files(response, _symbols.BySymbol(request.FileContainingSymbol), sent);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.None:
                response.ErrorResponse = Error(GrpcStatusCode.InvalidArgument, "message_request: must be set");
                break;
            default:
                response.ErrorResponse = Error(GrpcStatusCode.NotFound, "there are no extensions here");
                break;
        }
        return response;
    }

    private static void Files(ServerReflectionResponse response, FileDescriptor? file, HashSet<string> sent)
    {
        if (file is null)
        {
            response.ErrorResponse = Error(GrpcStatusCode.NotFound, "there is no such file or symbol");
            return;
        }
        FileDescriptorResponse files = new();
        files.FileDescriptorProto.Add(file.SerializedData);
        sent.Add(file.Name);
        AddImports(files, file, sent);
        response.FileDescriptorResponse = files;
    }

    private static void AddImports(FileDescriptorResponse files, FileDescriptor file, HashSet<string> sent)
    {
        foreach (FileDescriptor import in file.Dependencies)
        {
            if (sent.Add(import.Name))
            {
                files.FileDescriptorProto.Add(import.SerializedData);
                AddImports(files, import, sent);
            }
        }
    }

    private static ErrorResponse Error(GrpcStatusCode code, string message) => new() { ErrorCode = (int)code, ErrorMessage = message };
}
