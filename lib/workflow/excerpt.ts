export { cut, excerptOf, onOneLine } from '../excerpt'
